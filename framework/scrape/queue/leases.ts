import type { PostgresConnection, PostgresQueries } from '../../connections/postgres.ts';
import { type LeasedRow, leasedColumns } from './exchange-sql.ts';
import { intoHistory } from './history-sql.ts';
import { leasedTasks } from './leased-task.ts';
import type { LeasedTask, NewTask } from './task.ts';
import type { Held } from './task-queue.ts';

/** Lengthens leases; gives back the ids of those that still were what they are taken for. */
export async function extendLeases(lane: PostgresConnection, tasks: readonly Held[], leaseMs: number): Promise<ReadonlySet<string>> {
  const params = [tasks.map(({ id }) => id), tasks.map(({ attempt }) => attempt), leaseMs];
  const rows = await lane.prepared<{ id: string }>('gccflow_extend', extendSql, params);
  return new Set(rows.map(({ id }) => id));
}

const extendSql = `
  update gccflow.scrape_request_log task set lease_until = now() + $3::float8 * interval '1 millisecond'
  from unnest($1::bigint[], $2::int[]) as held (id, attempt)
  where task.id = held.id and task.attempt = held.attempt and task.status = 'PROCESSING'
  returning task.id`;

/** Ends one attempt COMPLETE; false where it is not leased as that attempt any more. */
export async function completeTask(session: PostgresQueries, { id, attempt }: Held): Promise<boolean> {
  const rows = await session.query(completeSql, [id, attempt]);
  return rows.length > 0;
}

const completeSql = `
  with gone as (
    delete from gccflow.scrape_request_log where id = $1 and attempt = $2 and status = 'PROCESSING' returning *),
  kept as (${intoHistory('gone', 'COMPLETE')})
  select id from gone`;

/** Who leases one task, out of its turn, and for how long. */
export interface Lessee {
  readonly worker: string;
  readonly leaseMs: number;
}

/** Leases a task that waits. */
export async function leaseTask(session: PostgresQueries, id: string, { worker, leaseMs }: Lessee): Promise<LeasedTask | null> {
  const [task] = leasedTasks(await session.query<LeasedRow>(leaseSql('id = $3'), [worker, leaseMs, id]));
  return task ?? null;
}

/** Leases the task of a flow with a unique key, where it waits for its turn or for another try. */
export async function leaseQueued(
  session: PostgresQueries,
  { flow, uniqueKey }: Pick<NewTask, 'flow' | 'uniqueKey'>,
  { worker, leaseMs }: Lessee,
): Promise<LeasedTask | null> {
  const [task] = leasedTasks(await session.query<LeasedRow>(leaseSql(queued), [worker, leaseMs, flow, uniqueKey]));
  return task ?? null;
}

const queued = 'flow = $3 and unique_key = $4 and (ready or attempt > 0) and (expires_at is null or expires_at > now())';

function leaseSql(which: string): string {
  return `
  update gccflow.scrape_request_log task
  set status = 'PROCESSING', ready = true, waiting_for = null, attempt = attempt + 1, tries = tries + 1, picked_at = now(),
    worker_id = $1, lease_until = now() + $2::float8 * interval '1 millisecond'
  where ${which} and status = 'PENDING'
  returning ${leasedColumns}`;
}

/**
 * Gives a worker the tasks that calls of its own have leased to it and whose answers were lost, under the name of another call; their leases
 * begin anew. Nobody runs them, so they keep their attempt.
 */
export async function adoptTasks(
  lane: PostgresConnection,
  worker: string,
  tokens: readonly string[],
  token: string,
): Promise<LeasedTask[]> {
  return leasedTasks(await lane.query<LeasedRow>(adoptSql, [worker, tokens, token]));
}

const adoptSql = `
  update gccflow.scrape_request_log task set lease_token = $3, lease_until = now() + (lease_until - picked_at)
  where worker_id = $1 and status = 'PROCESSING' and lease_token = any($2::bigint[])
  returning ${leasedColumns}`;

/**
 * Of ended tasks that nobody seems to hold: those whose attempt an earlier call has ended, without the caller having heard of it. Gives
 * back their ids.
 */
export async function endedBefore(lane: PostgresConnection, tasks: readonly Held[]): Promise<ReadonlySet<string>> {
  const rows = await lane.query<{ id: string }>(endedBeforeSql, [tasks.map(({ id }) => id), tasks.map(({ attempt }) => attempt)]);
  return new Set(rows.map(({ id }) => id));
}

const endedBeforeSql = `
  select task.id from unnest($1::bigint[], $2::int[]) as held (id, attempt) join gccflow.scrape_request task using (id, attempt)
  where task.status in ('PENDING', 'COMPLETE', 'FAILED')`;
