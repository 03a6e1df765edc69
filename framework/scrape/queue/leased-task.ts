import type { LeasedRow } from './exchange-sql.ts';
import type { LeasedTask, Params } from './task.ts';

/** The tasks among the rows of an answer, one of which may stand for none. */
export function leasedTasks(rows: readonly LeasedRow[]): LeasedTask[] {
  const tasks: LeasedTask[] = [];
  for (const row of rows) if (row.id !== null) tasks.push(leasedTask(row, row.id));
  return tasks;
}

function leasedTask(row: LeasedRow, id: string): LeasedTask {
  return {
    id,
    flow: row.flow,
    attempt: row.attempt,
    tries: row.tries,
    isLastTry: row.is_last,
    params: JSON.parse(row.params) as Params,
    priority: row.priority,
    accountId: row.account_id,
    createdAt: new Date(row.created_ms),
    expiresAt: row.expires_ms === null ? null : new Date(row.expires_ms),
  };
}
