import type { PostgresQueries } from '../../connections/postgres.ts';
import type { ScrapeRequestRow } from '../../connections/postgres-schema.ts';
import { filterParams, filterSql, type TaskFilter } from './task-filter.ts';

/** What went wrong with one attempt. */
export interface AttemptError {
  readonly attempt: number;
  /** ISO 8601. */
  readonly at: string;
  readonly code: string;
  readonly message: string;
  readonly place: string | null;
}

/** A task wherever it is, as people look at it. */
export type FoundTask = Omit<ScrapeRequestRow, 'errors'> & { readonly errors: readonly AttemptError[] };

/** The tasks that a filter means, those queued last first. */
export async function findTasks(queries: PostgresQueries, filter: TaskFilter, limit: number): Promise<readonly FoundTask[]> {
  const rows = await queries.query<ScrapeRequestRow>(findSql, [...filterParams(filter), limit]);
  return rows.map((row) => ({ ...row, errors: (row.errors ?? []) as readonly AttemptError[] }));
}

const findSql = `select * from gccflow.scrape_request where ${filterSql} order by id desc limit $5`;
