import type { PostgresQueries } from '../../connections/postgres.ts';
import { makeDueSql, mostAtOnce } from './keep-house-sql.ts';
import { filterParams, queuedFilterSql, type TaskFilter } from './task-filter.ts';

/** Makes tasks due that wait for a later time, whatever for; gives back how many. Workers hear of it at once. */
export async function hurryTasks(queries: PostgresQueries, filter: TaskFilter, signal?: AbortSignal): Promise<number> {
  let hurried = 0;
  let after = '0';
  for (;;) {
    signal?.throwIfAborted();
    const [row] = await queries.query<{ count: number; last: string | null }>(hurrySql, [...filterParams(filter), after]);
    if (row === undefined || row.last === null) return hurried;
    await queries.query(makeDueSql);
    hurried += row.count;
    after = row.last;
  }
}

const hurrySql = `
  with meant as materialized (
    select id from gccflow.scrape_request_log
    where status = 'PENDING' and not ready and run_at > now() and ${queuedFilterSql} and id > $5::bigint
    order by id limit ${mostAtOnce} for update skip locked),
  hurried as (update gccflow.scrape_request_log task set run_at = now() from meant where task.id = meant.id returning task.id)
  select (select count(*) from hurried)::int as count, (select max(id) from meant) as last`;
