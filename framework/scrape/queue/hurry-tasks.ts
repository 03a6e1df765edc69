import type { PostgresQueries } from '../../connections/postgres.ts';
import { makeDueSql, mostAtOnce } from './keep-house-sql.ts';
import { filterParams, queuedFilterSql, type TaskFilter } from './task-filter.ts';

/** Makes tasks due that wait for a later time, whatever for; gives back how many. Workers hear of it at once. */
export async function hurryTasks(queries: PostgresQueries, filter: TaskFilter, signal?: AbortSignal): Promise<number> {
  let hurried = 0;
  for (;;) {
    signal?.throwIfAborted();
    const rows = await queries.query(hurrySql, filterParams(filter));
    hurried += rows.length;
    if (rows.length > 0) await queries.query(makeDueSql);
    if (rows.length < mostAtOnce) return hurried;
  }
}

const hurrySql = `
  with meant as materialized (
    select id from gccflow.scrape_request_log
    where status = 'PENDING' and not ready and run_at > now() and ${queuedFilterSql} limit ${mostAtOnce} for update skip locked)
  update gccflow.scrape_request_log task set run_at = now() from meant where task.id = meant.id returning task.id`;
