import type { HttpStep } from '../../project/flow-file.ts';
import { fillPath } from '../flow/fill-path.ts';
import type { FlowDeps, FlowRecord } from '../flow/flow-deps.ts';
import { readJson } from './json-template.ts';
import { mapBounded } from './map-bounded.ts';
import { chooseScopes, lookUpIn, type Value } from './scope.ts';
import type { CallStep } from './step.ts';

/** Calls of one task at a time. */
const atOnce = 4;

/** Calls an API for each record. */
export function openHttp(step: HttpStep, when: Value | null, file: string, { apis }: Pick<FlowDeps, 'apis'>): CallStep {
  const api = apis.get(step.api);
  if (!api) throw new Error(`the API '${step.api}' of ${file} is not known`);
  const bodyOf: Value = step.body === undefined ? async ({ record }) => record : readJson(step.body, file);
  const hasBody = step.method !== 'GET' || step.body !== undefined;
  return {
    phase: 'call',
    async run(records, attempt) {
      const changed = new Map<FlowRecord | undefined, FlowRecord>();
      await mapBounded(await chooseScopes(records, when, attempt), atOnce, async (scope) => {
        const choices = [{ api, path: fillPath(step.path, lookUpIn(scope)) }];
        const request = { choices, method: step.method, query: {} };
        const answer = await attempt.call(hasBody ? { ...request, body: await bodyOf(scope) } : request);
        if (step.as !== null) changed.set(scope.record, { ...scope.record, [step.as]: answer });
      });
      return records.map((record) => changed.get(record) ?? record);
    },
  };
}
