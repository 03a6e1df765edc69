import { channel } from './enqueue-sql.ts';
import { intoHistory, withError } from './history-sql.ts';
import { firstTurn, nextTurn } from './turn-sql.ts';

/** How many tasks one statement takes at most, so that none lasts long. */
export const mostAtOnce = 5_000;

/** For so long after its start PostgreSQL waits for those who held leases before. */
const isOver = `(picked_at > pg_postmaster_start_time() or pg_postmaster_start_time() < now() - interval '15 seconds')`;

const toldAs = (cte: string): string => `(select count(pg_notify('${channel}', flow)) from (select distinct flow from ${cte}) as flows)`;

/**
 * Makes due the tasks whose time has come. One that was leased before gets the turn that it had, the first; one that only waited for its
 * time joins those that wait.
 */
export const makeDueSql = `
  with due as materialized (
    select id, flow, priority, account_id, attempt, run_at from gccflow.scrape_request_log
    where status = 'PENDING' and not ready and run_at <= now() order by run_at limit ${mostAtOnce} for update skip locked),
  line as materialized (
    select flow, priority, account_id, ${firstTurn('line')} as first_turn, ${nextTurn('line')} as next_turn
    from (select distinct flow, priority, account_id from due) as line),
  placed as materialized (
    select due.id, case
      when attempt > 0 then first_turn
      when due.account_id is null then next_turn
      else next_turn + row_number() over (partition by due.flow, due.priority, due.account_id, attempt > 0 order by run_at, due.id) - 1
    end as turn
    from due join line on line.flow = due.flow and line.priority = due.priority
      and coalesce(line.account_id, '') = coalesce(due.account_id, '')),
  made as (
    update gccflow.scrape_request_log task set ready = true, turn = placed.turn from placed where task.id = placed.id
    returning task.flow)
  select (select count(*) from made)::int as count, ${toldAs('made')} as told`;

/**
 * Ends the attempts whose lease ran out: the task waits, each time twice as long and up to an hour, or is FAILED where it was its last try.
 * The first wait is short: more likely its worker ended than that the task ended its worker. A lease that ran out because PostgreSQL was away
 * is nobody's fault: its worker has some time to lengthen it.
 */
export const endLeasesSql = `
  with late as materialized (
    select id, attempt, tries, max_attempts from gccflow.scrape_request_log
    where worker_id is not null and status = 'PROCESSING' and lease_until <= now() and ${isOver}
    limit ${mostAtOnce} for update skip locked),
  back as (
    update gccflow.scrape_request_log task
    set status = 'PENDING', ready = false, worker_id = null, lease_until = null, lease_token = null,
      run_at = now() + least(3600, power(2, least(task.tries - 1, 20))) * (0.5 + random() / 2) * interval '1 second',
      errors = ${withError('task', lostError())}
    from late where task.id = late.id and late.tries < late.max_attempts
    returning task.id),
  dead as (
    delete from gccflow.scrape_request_log task using late where task.id = late.id and late.tries >= late.max_attempts returning task.*),
  buried as (${intoHistory('dead', 'FAILED', withError('dead', lostError()))})
  select (select count(*) from late)::int as count`;

function lostError(): string {
  return `jsonb_build_object('code', 'LEASE_LOST', 'place', null,
    'message', 'the worker ' || worker_id || ' was not heard of until its lease ran out')`;
}

/** Ends tasks that were not started in time. */
export const expireSql = `
  with late as materialized (
    select id from gccflow.scrape_request_log
    where status = 'PENDING' and expires_at <= now() order by expires_at limit ${mostAtOnce} for update skip locked),
  gone as (delete from gccflow.scrape_request_log task using late where task.id = late.id returning task.*),
  buried as (${intoHistory('gone', 'EXPIRED')})
  select (select count(*) from gone)::int as count`;

/** Milliseconds until the next of the three is needed; null where nothing waits for a time. */
export const nextSql = `
  select date_part('epoch', least(
    (select run_at from gccflow.scrape_request_log where status = 'PENDING' and not ready order by run_at limit 1),
    (select expires_at from gccflow.scrape_request_log
     where status = 'PENDING' and expires_at is not null order by expires_at limit 1),
    (select min(lease_until) from gccflow.scrape_request_log where worker_id is not null and status = 'PROCESSING' and ${isOver})) - clock_timestamp()) * 1000
    as in_ms`;

/** Forgets keys of tasks older than $1 days. */
export const forgetOldKeysSql = `delete from gccflow.scrape_request_key where created_at < now() - $1::int * interval '1 day'`;
