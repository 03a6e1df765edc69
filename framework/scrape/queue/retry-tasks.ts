import type { PostgresQueries } from '../../connections/postgres.ts';
import { sqlStateOf } from '../../connections/postgres-fault.ts';
import { channel } from './enqueue-sql.ts';
import { filterParams, filterSql, type TaskFilter } from './task-filter.ts';
import { nextTurn } from './turn-sql.ts';

/** Rows of one statement, so that none locks many for long. */
const mostAtOnce = 5_000;
const uniqueViolation = '23505';
/** No task has an id as high. */
const beforeAll = '9223372036854775807';

/**
 * Queues tasks again that ended otherwise than COMPLETE; gives back how many. They keep their id, so that what they emit has the same event
 * ids; their attempts go on being counted, so that a late worker of an earlier one still writes nothing; all their tries are theirs again.
 * One whose time has run out never expires. One stays where it is while another task with its unique key is queued.
 */
export async function retryTasks(queries: PostgresQueries, filter: TaskFilter, signal?: AbortSignal): Promise<number> {
  let retried = 0;
  let before = beforeAll;
  for (;;) {
    signal?.throwIfAborted();
    const { count, last } = await retrySome(queries, filter, before);
    if (last === null) return retried;
    retried += count;
    before = last;
  }
}

interface Retried {
  readonly count: number;
  /** The lowest id that was looked at; null where there was none. */
  readonly last: string | null;
}

/** Somebody may queue a task with a key of these at the same time: then nothing was done, and they are looked at again. */
async function retrySome(queries: PostgresQueries, filter: TaskFilter, before: string): Promise<Retried> {
  for (let tries = 1; ; tries++) {
    try {
      const [row] = await queries.query<Retried>(retrySql, [...filterParams(filter), before]);
      return row ?? { count: 0, last: null };
    } catch (thrown) {
      if (sqlStateOf(thrown) !== uniqueViolation || tries === 10) throw thrown;
    }
  }
}

/** From the last id to the first, each task once: whatever fails again meanwhile is not queued a second time. */
const retrySql = `
  with looked_at as materialized (
    select id, ended_at, flow, unique_key from gccflow.scrape_request_history ended
    where status <> 'COMPLETE' and ${filterSql} and id < $5::bigint
      and (unique_key is null or not exists (
        select from gccflow.scrape_request_log queued where queued.flow = ended.flow and queued.unique_key = ended.unique_key))
    order by id desc limit ${mostAtOnce}),
  meant as materialized (
    select distinct on (flow, coalesce(unique_key, id::text), unique_key is null) id, ended_at from looked_at
    order by flow, coalesce(unique_key, id::text), unique_key is null, id desc),
  back as (
    delete from gccflow.scrape_request_history ended using meant where ended.id = meant.id and ended.ended_at = meant.ended_at
    returning ended.*),
  line as materialized (
    select flow, priority, account_id, ${nextTurn('line')} as turn from (select distinct flow, priority, account_id from back) as line),
  stored as (
    insert into gccflow.scrape_request_log
      (id, created_at, picked_at, expires_at, attempt, max_attempts, priority, flow, platform, account_id, idempotency_key, unique_key,
       params, errors, turn)
    overriding system value
    select id, created_at, picked_at, case when expires_at > now() then expires_at end, attempt, max_attempts, back.priority, back.flow,
      platform, back.account_id, idempotency_key, unique_key, params, errors,
      case when back.account_id is null then line.turn
        else line.turn + row_number() over (partition by back.flow, back.priority, back.account_id order by id) - 1 end
    from back join line on line.flow = back.flow and line.priority = back.priority
      and coalesce(line.account_id, '') = coalesce(back.account_id, '')
    returning flow),
  told as (select pg_notify('${channel}', flow) from (select distinct flow from stored) as flows)
  select (select count(*) from stored)::int as count, (select min(id) from looked_at) as last, (select count(*) from told) as told`;
