import type { PostgresQueries } from '../../connections/postgres.ts';
import { intoHistory } from './history-sql.ts';
import { filterParams, queuedFilterSql, type TaskFilter } from './task-filter.ts';

/** Rows of one statement, so that none locks many for long. */
const mostAtOnce = 5_000;

/**
 * Ends tasks that wait or are leased as CANCELLED; gives back how many. Who runs one hears of it when its lease is lengthened, and what it
 * wants to write then is not written.
 */
export async function cancelTasks(queries: PostgresQueries, filter: TaskFilter, signal?: AbortSignal): Promise<number> {
  let cancelled = 0;
  let after = '0';
  for (;;) {
    signal?.throwIfAborted();
    const [row] = await queries.query<{ count: number; last: string | null }>(cancelSql, [...filterParams(filter), after]);
    if (row === undefined || row.last === null) return cancelled;
    cancelled += row.count;
    after = row.last;
  }
}

const cancelSql = `
  with meant as materialized (
    select id from gccflow.scrape_request_log where ${queuedFilterSql} and id > $5 order by id limit ${mostAtOnce} for update),
  gone as (delete from gccflow.scrape_request_log task using meant where task.id = meant.id returning task.*),
  kept as (${intoHistory('gone', 'CANCELLED')})
  select (select count(*) from gone)::int as count, (select max(id) from meant) as last`;
