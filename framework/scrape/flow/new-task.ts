import { hash } from 'node:crypto';
import type { FlowFile } from '../../project/flow-file.ts';
import { fillTemplate } from '../../project/flow-template.ts';
import type { Moment, NewTask, Params } from '../queue/task.ts';

/** What whoever queues a task says of it over what its flow says. */
export interface TaskOverrides {
  readonly priority?: number | null;
  readonly maxAttempts?: number | null;
  readonly runAt?: Moment | null;
  readonly expiresAt?: Moment | null;
  readonly idempotencyKey?: string | null;
}

/** A longer key is kept as its hash, so that it fits into an index. */
const maxKeyLength = 200;

/** A task of a flow, as it is queued. `params` are those that `checkParams` gave back. */
export function newTask(flow: FlowFile, params: Params, overrides: TaskOverrides = {}): NewTask {
  return {
    flow: flow.name,
    params,
    priority: overrides.priority ?? flow.priority,
    maxAttempts: overrides.maxAttempts ?? flow.retry.attempts,
    runAt: overrides.runAt ?? null,
    expiresAt: overrides.expiresAt ?? expiryOf(flow, overrides.runAt ?? null),
    accountId: flow.account === null ? null : fillTemplate(flow.account, (name) => params[name]),
    idempotencyKey: overrides.idempotencyKey ?? null,
    uniqueKey: flow.unique.length === 0 ? null : keyOf(flow.unique.map((name) => params[name] ?? null)),
  };
}

/** A task that is to wait expires no sooner than one that may start at once. */
function expiryOf({ expires_in: afterMs }: FlowFile, runAt: Moment | null): Moment | null {
  if (afterMs === null) return null;
  if (runAt === null) return { inMs: afterMs };
  return 'at' in runAt ? { at: new Date(runAt.at.getTime() + afterMs) } : { inMs: runAt.inMs + afterMs };
}

function keyOf(values: readonly unknown[]): string {
  const text = JSON.stringify(values);
  return text.length <= maxKeyLength ? text : hash('sha256', text);
}
