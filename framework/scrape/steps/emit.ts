import type { EmitStep } from '../../project/flow-file.ts';
import { readJson } from './json-template.ts';
import { chooseScopes, type Value } from './scope.ts';
import type { WriteStep } from './step.ts';

/** Publishes an event for each record, once the task's transaction is committed. */
export function openEmit({ routing_key: routingKey, exchange, body }: EmitStep, when: Value | null, file: string): WriteStep {
  if (exchange === null) throw new Error(`no exchange is known for '${routingKey}' of ${file}`);
  const bodyOf: Value = body === null ? async ({ record }) => record : readJson(body, file);
  return {
    phase: 'write',
    async plan(records, attempt, writes) {
      for (const scope of await chooseScopes(records, when, attempt)) {
        writes.events.push({ exchange, routingKey, body: (await bodyOf(scope)) as Readonly<Record<string, unknown>> });
      }
    },
  };
}
