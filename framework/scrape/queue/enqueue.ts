import type { Postgres, PostgresQueries } from '../../connections/postgres.ts';
import { arraySource, askIds, type EnqueueKind, enqueueSql, forgetKeysSql } from './enqueue-sql.ts';
import { valuesOf } from './new-task-values.ts';
import type { NewTask } from './task.ts';
import type { EnqueueResult } from './task-queue.ts';

/** Queues tasks in a transaction of their own. */
export function enqueueTasks(postgres: Postgres, tasks: readonly NewTask[]): Promise<EnqueueResult> {
  const { hasIdempotencyKeys, hasUniqueKeys } = kindOf(tasks);
  return hasIdempotencyKeys && hasUniqueKeys
    ? postgres.transaction((session) => enqueueTasksWithin(session, tasks))
    : enqueueTasksWithin(postgres, tasks);
}

/** Queues tasks as part of the caller's transaction. */
export async function enqueueTasksWithin(session: PostgresQueries, tasks: readonly NewTask[]): Promise<EnqueueResult> {
  if (tasks.length === 0) return { ids: [], queued: 0, known: 0 };
  const kind = kindOf(tasks);
  const [row] = await session.query<{ ids: (string | null)[] }>(enqueueSql(arraySource, kind, askIds), columnsOf(tasks));
  const ids = row?.ids ?? [];
  const known = ids.filter((id) => id === null).length;
  if (known > 0 && kind.hasIdempotencyKeys && kind.hasUniqueKeys) await session.query(forgetKeysSql);
  return { ids, queued: ids.length - known, known };
}

export function kindOf(tasks: readonly NewTask[]): EnqueueKind {
  return {
    hasIdempotencyKeys: tasks.some(({ idempotencyKey }) => idempotencyKey !== null),
    hasUniqueKeys: tasks.some(({ uniqueKey }) => uniqueKey !== null),
  };
}

/** One array for each column. */
function columnsOf(tasks: readonly NewTask[]): readonly unknown[] {
  const rows = tasks.map(valuesOf);
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]));
}
