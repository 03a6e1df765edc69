import { storableText } from './storable-text.ts';
import type { Moment, NewTask } from './task.ts';

/** Values of a new task, in the order of `sourceColumns` without the place. */
export function valuesOf(task: NewTask): readonly (string | number | null)[] {
  const { flow, params, priority, maxAttempts, runAt, expiresAt, accountId, idempotencyKey, uniqueKey } = task;
  return [
    flow,
    JSON.stringify(params),
    priority,
    maxAttempts,
    ...timesOf(runAt),
    ...timesOf(expiresAt),
    accountId === null || accountId === '' ? null : storableText(accountId),
    idempotencyKey === null ? null : storableText(idempotencyKey),
    uniqueKey === null ? null : storableText(uniqueKey),
    typeof params.platform === 'string' ? storableText(params.platform) : null,
  ];
}

/** Milliseconds since 1970, and milliseconds from now; one of them, or neither. */
function timesOf(moment: Moment | null): [number | null, number | null] {
  if (moment === null) return [null, null];
  return 'at' in moment ? [moment.at.getTime(), null] : [null, moment.inMs];
}
