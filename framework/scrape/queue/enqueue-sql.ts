import { nextTurn } from './turn-sql.ts';

/** The channel on which the names of flows are told whose tasks fell due. */
export const channel = 'gccflow_scrape';

/** What a batch of new tasks has: of what it has not, nothing is looked up. */
export interface EnqueueKind {
  readonly hasIdempotencyKeys: boolean;
  readonly hasUniqueKeys: boolean;
}

/** Rows of new tasks from arrays: $1 flows, $2 params, and so on; all as long, in the order of the tasks. */
export const arraySource = `
    unnest($1::text[], $2::json[], $3::smallint[], $4::int[], $5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::text[], $10::text[],
      $11::text[], $12::text[]) with ordinality`;

/** The names of a source's columns. Times are milliseconds since 1970 or, as `_in_ms`, from now. */
export const sourceColumns = `flow, params, priority, max_attempts, run_ms, run_in_ms, expires_ms, expires_in_ms, account_id, idempotency_key,
    unique_key, platform, place`;

/** How long a task that was never leased must have waited so that nobody needs to be told of another: whoever could lease it, is busy. */
const busyAfter = `interval '10 seconds'`;

/** Ids in the order of the tasks; null for those that were not stored because a key of theirs is known. */
export const askIds = 'array(select stored.id from numbered left join stored using (id) order by place) as ids';

/** How many were stored, and how many were not. */
export const askCounts = '(select count(*) from stored)::int as queued, (select count(*) from numbered)::int as given';

/**
 * Stores new tasks and tells listeners. Gives back one row with what is asked; no account is the empty text. Ids are numbered in the order of the tasks. Rows with keys are stored in the order of the keys, so that two
 * callers do not wait for each other crosswise.
 */
export function enqueueSql(source: string, { hasIdempotencyKeys, hasUniqueKeys }: EnqueueKind, ask: string): string {
  const fresh = hasIdempotencyKeys ? 'where idempotency_key is null or id in (select task_id from keyed)' : '';
  return `
  with numbered as materialized (
    select nextval('gccflow.scrape_request_log_id_seq') as id, given.*,
      coalesce(to_timestamp(run_ms / 1000), now() + run_in_ms * interval '1 millisecond') as run_at,
      coalesce(to_timestamp(expires_ms / 1000), now() + expires_in_ms * interval '1 millisecond') as expires_at
    from (select ${sourceColumns} from ${source} as source (${sourceColumns}) order by place) as given),
  ${hasIdempotencyKeys ? keyedCte : ''}
  fresh as materialized (select *, run_at is null or run_at <= now() as ready from numbered ${fresh}),
  line as materialized (
    select flow, priority, account_id, ${nextTurn('line')} as turn
    from (select distinct flow, priority, account_id from fresh where ready) as line),
  stored as (
    insert into gccflow.scrape_request_log
      (id, flow, params, priority, max_attempts, run_at, expires_at, account_id, idempotency_key, unique_key, platform, ready, turn)
    overriding system value
    select id, fresh.flow, params, fresh.priority, max_attempts, run_at, expires_at, fresh.account_id, idempotency_key, unique_key, platform,
      ready, case when not ready then 0 when fresh.account_id is null then line.turn
        else line.turn + row_number() over (partition by fresh.flow, fresh.priority, fresh.account_id, ready order by id) - 1 end
    from fresh left join line on ready and line.flow = fresh.flow and line.priority = fresh.priority
      and coalesce(line.account_id, '') = coalesce(fresh.account_id, '')
    order by ${hasUniqueKeys ? 'unique_key, id' : 'id'}
    ${hasUniqueKeys ? 'on conflict (flow, unique_key) where unique_key is not null do nothing' : ''}
    returning id, flow, priority, ready),
  told as (
    select pg_notify('${channel}', flow) from (select distinct flow, priority from stored where ready) as due
    where not exists (
      select from (
        select attempt, created_at, run_at from gccflow.scrape_request_log head
        where head.flow = due.flow and head.priority = due.priority and head.status = 'PENDING' and head.ready order by head.turn limit 1) as head
      where attempt = 0 and run_at is null and created_at < now() - ${busyAfter}))
  select ${ask}, (select count(*) from told) as told`;
}

/** Remembers the keys that are new; of two tasks with one key the first has it. Tasks that another key keeps out take none. */
const keyedCte = `
  keyed as (
    insert into gccflow.scrape_request_key (flow, key, task_id)
    select flow, idempotency_key, id from numbered
    where idempotency_key is not null and (unique_key is null or not exists (
      select from gccflow.scrape_request_log queued where queued.flow = numbered.flow and queued.unique_key = numbered.unique_key))
    order by flow, idempotency_key, id
    on conflict do nothing returning task_id),`;

/** Forgets the keys of tasks that the same transaction did not store after all. */
export const forgetKeysSql = `
  delete from gccflow.scrape_request_key key
  where created_at = now() and not exists (select from gccflow.scrape_request_log task where task.id = key.task_id)`;
