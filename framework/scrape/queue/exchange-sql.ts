import { channel } from './enqueue-sql.ts';
import { intoHistory, withError } from './history-sql.ts';
import { firstTurn } from './turn-sql.ts';

/** A task as it is leased. */
export interface LeasedRow {
  /** Null in the one row that there is where nothing was leased. */
  readonly id: string | null;
  readonly flow: string;
  readonly attempt: number;
  readonly tries: number;
  readonly is_last: boolean;
  /** JSON. */
  readonly params: string;
  readonly priority: number;
  readonly account_id: string | null;
  /** Milliseconds since 1970. */
  readonly created_ms: number;
  readonly expires_ms: number | null;
  readonly turn: string;
  /** Ids of those that were ended; null where all were. The same in every row. */
  readonly ended: readonly string[] | null;
}

export const leasedColumns = `task.id, task.flow, task.attempt, task.tries, task.tries >= task.max_attempts as is_last, task.params::text as params,
    task.priority, task.account_id, date_part('epoch', task.created_at) * 1000 as created_ms,
    date_part('epoch', task.expires_at) * 1000 as expires_ms, task.turn`;

/** What an exchange has besides attempts that completed and flows to lease from. What it has not costs nothing. */
export interface ExchangeKind {
  /** Attempts that ended otherwise. */
  readonly hasOthers: boolean;
  /** Flows in whose line it is known from where on tasks wait. */
  readonly hasNear: boolean;
}

/**
 * Ends the tasks of $1 (ids) and $2 (attempts) COMPLETE, and leases others to worker $6: of each flow of $3 at most as many as $4 says,
 * for the milliseconds of $5. $7 names this call. Then, where there are such: of each flow of $8 as many as $9 says, for the milliseconds of
 * $10, only those of priority $11 behind turn $12 and id $13; then attempts that end otherwise: ids, attempts, kinds, waits in ms, and what
 * to note, JSON of an object. Rows are found by their place in the table, which holds because the same statement has locked them: a plan
 * that looks for them otherwise cannot be chosen.
 */
export function exchangeSql({ hasOthers, hasNear }: ExchangeKind): string {
  const first = hasNear ? 14 : 8;
  const ended = hasOthers ? '(select id from gone union all select id from back union all select id from dead) as ended' : 'gone';
  const asked = `cardinality($1::bigint[])${hasOthers ? ` + cardinality($${first}::bigint[])` : ''}`;
  return `
  with gone as (
    delete from gccflow.scrape_request_log task using unnest($1::bigint[], $2::int[]) as done (id, attempt)
    where task.id = done.id and task.attempt = done.attempt and task.status = 'PROCESSING'
    returning task.*),
  kept as (${intoHistory('gone', 'COMPLETE')}),
  ${hasOthers ? othersCtes(first) : ''}
  far as materialized (${dueSql('unnest($3::text[], $4::int[], $5::float8[]) as wish (flow, amount, lease_ms)', 'priority desc, turn, id')}),
  ${hasNear ? `near as materialized (${dueSql(nearWishes, 'turn, id', nearOnly)}),` : ''}
  due as materialized (
    select place, lease_ms, row_number() over () as rank
    from (${hasNear ? 'select * from near union all ' : ''}select * from far) as found),
  leased as (
    update gccflow.scrape_request_log task
    set status = 'PROCESSING', attempt = attempt + 1, tries = tries + 1, picked_at = now(), waiting_for = null,
      lease_until = now() + due.lease_ms * interval '1 millisecond', worker_id = $6, lease_token = $7
    from due where task.ctid = due.place
    returning due.rank, ${leasedColumns})
  select leased.*, case when (select count(*) from ${ended}) < ${asked} then array(select id from ${ended}) end as ended
    ${hasOthers ? ', (select count(*) from told) as told' : ''}
  from (select) as one left join leased on true
  order by leased.rank`;
}

const nearWishes = `unnest($8::text[], $9::int[], $10::float8[], $11::smallint[], $12::bigint[], $13::bigint[])
    as wish (flow, amount, lease_ms, at_priority, at_turn, at_id)`;
const nearOnly = 'and priority = wish.at_priority and (turn, id) > (wish.at_turn, wish.at_id)';

/** The places of tasks that wishes get, locked. */
function dueSql(wishes: string, order: string, only = ''): string {
  return `
    select found.place, wish.lease_ms
    from (
      select * from ${wishes}
      where not exists (select from gccflow.scrape_flow where scrape_flow.flow = wish.flow and paused_at is not null)) as wish
    cross join lateral (
      select ctid as place from gccflow.scrape_request_log
      where flow = wish.flow and status = 'PENDING' and ready and (expires_at is null or expires_at > now()) ${only}
      order by ${order} limit wish.amount for update skip locked) as found`;
}

/** Ends the attempts of the five parameters from number `first` on. */
function othersCtes(first: number): string {
  const [ids, attempts, kinds, waits, notes] = [0, 1, 2, 3, 4].map((offset) => `$${first + offset}`);
  return `
  other as materialized (
    select * from unnest(${ids}::bigint[], ${attempts}::int[], ${kinds}::text[], ${waits}::float8[], ${notes}::jsonb[])
      as other (id, attempt, kind, wait_ms, note)),
  back as (
    update gccflow.scrape_request_log task
    set status = 'PENDING', worker_id = null, lease_until = null, lease_token = null,
      tries = case other.kind when 'returned' then tries - 1 else tries end,
      ready = other.wait_ms <= 0, run_at = now() + other.wait_ms * interval '1 millisecond',
      turn = case when other.wait_ms <= 0 then ${firstTurn('task')} else turn end,
      waiting_for = case other.kind when 'returned' then other.note ->> 'reason' end,
      errors = case other.kind when 'returned' then errors else ${withError('task', 'other.note')} end
    from other
    where task.id = other.id and task.attempt = other.attempt and task.status = 'PROCESSING'
      and (other.kind = 'returned' or other.kind = 'failed' and task.tries < task.max_attempts)
    returning task.id, task.flow, task.ready),
  told as (select pg_notify('${channel}', flow) from (select distinct flow from back where ready) as flows),
  dead as (
    delete from gccflow.scrape_request_log task using other
    where task.id = other.id and task.attempt = other.attempt and task.status = 'PROCESSING'
      and (other.kind = 'refused' or other.kind = 'failed' and task.tries >= task.max_attempts)
    returning task.*, other.note),
  buried as (${intoHistory('dead', 'FAILED', withError('dead', 'note'))}),`;
}
