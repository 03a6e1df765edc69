import type { TaskStatus } from './task.ts';

/** Which tasks; what is empty or null excludes none. */
export interface TaskFilter {
  readonly ids: readonly string[];
  readonly flows: readonly string[];
  readonly statuses: readonly TaskStatus[];
  /** Those that were queued, started or ended within this time. */
  readonly sinceMs: number | null;
}

const whichSql = `
  ($1::bigint[] is null or id = any($1)) and ($2::text[] is null or flow = any($2)) and ($3::text[] is null or status = any($3))`;
const since = `now() - $4 * interval '1 millisecond'`;

/** Whether a row of the log is meant, by the parameters $1 to $4 of `filterParams`. */
export const queuedFilterSql = `${whichSql} and ($4::float8 is null or coalesce(picked_at, created_at) >= ${since})`;

/** The same of a row of `gccflow.scrape_request` or of the history. */
export const filterSql = `${whichSql}
  and ($4::float8 is null or (ended_at is null or ended_at >= ${since}) and (ended_at is not null or coalesce(picked_at, created_at) >= ${since}))`;

export function filterParams({ ids, flows, statuses, sinceMs }: TaskFilter): readonly unknown[] {
  return [orNull(ids), orNull(flows), orNull(statuses), sinceMs];
}

function orNull(list: readonly string[]): readonly string[] | null {
  return list.length === 0 ? null : list;
}
