/** Columns that a task takes along into the history. */
const carried = `id, created_at, picked_at, expires_at, attempt, tries, max_attempts, priority, flow, platform, account_id, idempotency_key,
    unique_key, worker_id, params`;

/** Puts the rows of a CTE, which are whole rows of the log, into the history. `errors` is an expression on them. */
export function intoHistory(cte: string, status: string, errors = 'errors'): string {
  return `insert into gccflow.scrape_request_history (${carried}, status, errors) select ${carried}, '${status}', ${errors} from ${cte}`;
}

/** The errors of a row with one more, an expression that is a jsonb object of code, message and place. */
export function withError(row: string, error: string): string {
  return `coalesce(${row}.errors, '[]') || jsonb_build_array(jsonb_build_object('attempt', ${row}.attempt, 'at', now()) || ${error})`;
}
