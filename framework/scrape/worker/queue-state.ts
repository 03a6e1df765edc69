import type { PostgresQueries } from '../../connections/postgres.ts';

/**
 * Whether a worker of these flows would have anything to do but wait for what others queue: tasks that are due, that somebody runs, or that
 * have begun and wait for another try. Tasks of paused flows do not count, nor those for a later time that have not begun.
 */
export async function hasWork(queries: PostgresQueries, flows: readonly string[]): Promise<boolean> {
  const [row] = await queries.query<{ there: boolean }>(hasWorkSql, [flows]);
  return row?.there === true;
}

const isLeft = (condition: string): string => `exists (
  select from gccflow.scrape_request_log task where flow = any($1) and ${condition}
    and not exists (select from gccflow.scrape_flow where scrape_flow.flow = task.flow and paused_at is not null))`;
const hasWorkSql = `select ${isLeft(`status = 'PENDING' and ready`)} or ${isLeft('worker_id is not null')} or ${isLeft('attempt > 0')} as there`;

/** How long the task that each flow starts next has been due, in seconds; flows without a task are not in it. */
export async function queueAges(queries: PostgresQueries, flows: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await queries.query<{ flow: string; age: string }>(queueAgesSql, [flows]);
  return new Map(rows.map(({ flow, age }) => [flow, Math.max(0, Number(age))]));
}

const queueAgesSql = `
  select wanted.flow, extract(epoch from now() - head.due_at) as age
  from unnest($1::text[]) as wanted (flow)
  cross join lateral (
    select coalesce(run_at, created_at) as due_at from gccflow.scrape_request_log
    where flow = wanted.flow and status = 'PENDING' and ready
    order by priority desc, turn, id limit 1) as head`;
