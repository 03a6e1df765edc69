import type { PostgresQueries } from '../../connections/postgres.ts';
import { channel } from './enqueue-sql.ts';

/** From now on no task of these flows is leased; what runs, ends. Those that are paused stay so since they were. */
export async function pauseFlows(queries: PostgresQueries, flows: readonly string[]): Promise<void> {
  await queries.query(pauseSql, [flows]);
}

const pauseSql = `
  insert into gccflow.scrape_flow (flow, paused_at) select distinct flow, now() from unnest($1::text[]) as given (flow) order by 1
  on conflict (flow) do update set paused_at = coalesce(scrape_flow.paused_at, now())`;

/** Lets tasks of these flows be leased again, and tells the workers. */
export async function resumeFlows(queries: PostgresQueries, flows: readonly string[]): Promise<void> {
  await queries.query(resumeSql, [flows, channel]);
}

const resumeSql = `
  with resumed as (delete from gccflow.scrape_flow where flow = any($1) returning flow)
  select pg_notify($2, flow) from resumed`;

export async function isPaused(queries: PostgresQueries, flow: string): Promise<boolean> {
  const rows = await queries.query('select from gccflow.scrape_flow where flow = $1 and paused_at is not null', [flow]);
  return rows.length > 0;
}
