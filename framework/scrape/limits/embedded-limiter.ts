import type { Postgres } from '../../connections/postgres.ts';
import type { KnownLevel, Level, LevelState, LimitAnswer, Limiter, LimitRequest } from './limiter.ts';
import { limiterError } from './limiter-fault.ts';
import { type PlannedLevel, parseLevelId, planRequest } from './plan-request.ts';

/** How often levels that nobody asked for in a whole window are removed. */
const sweepMs = 60_000;
const nowUs = '(extract(epoch from clock_timestamp()) * 1000000)::bigint';

/** The limiter that counts in the target's PostgreSQL, whose tables are there. It does not own `postgres`. */
export class EmbeddedLimiter implements Limiter {
  readonly kind = 'embedded';
  readonly #postgres: Postgres;
  #sweepAt = 0;
  #sweeping: Promise<unknown> = Promise.resolve();

  constructor(postgres: Postgres) {
    this.#postgres = postgres;
  }

  async ask(request: LimitRequest): Promise<LimitAnswer> {
    const levels = planRequest(request);
    const [row] = await this.#query<{ admitted: boolean; choice: number; waitMs: number; level: number }>(
      'counting',
      `select admitted, choice, ceil(wait_us / 1000.0)::float8 as "waitMs", level
       from gccflow.take_limits($1, $2, $3, $4, $5, $6, $7, $8)`,
      [...columnsOf(levels), levels.map(({ isTaken }) => isTaken), levels.map(({ choice }) => choice), request.choices.length],
    );
    this.#sweep();
    if (row?.admitted === true) return { admitted: true, choice: row.choice };
    return { admitted: false, waitMs: row?.waitMs ?? 0, key: levels[(row?.level ?? 0) - 1]?.key ?? '' };
  }

  close(key: string, forMs: number): Promise<void> {
    return this.#hold(key, 0, forMs);
  }

  async narrow({ key, requests }: Level, remaining: number, forMs: number): Promise<void> {
    if (remaining < requests && forMs > 0) await this.#hold(key, Math.max(0, Math.floor(remaining)), forMs);
  }

  async inspect(levels: readonly Level[]): Promise<readonly LevelState[]> {
    const planned = levels.flatMap((level) => planRequest({ levels: [level], choices: [] }));
    const rows = await this.#query<{ used: number; waitMs: number; closedMs: number }>('looking', inspectSql, columnsOf(planned));
    return levels.map((level, index) => {
      const { used = 0, waitMs = 0, closedMs = 0 } = rows[index] ?? {};
      return { ...level, used, waitMs, closedForMs: closedMs > 0 ? closedMs : null };
    });
  }

  async known(limit: number): Promise<readonly KnownLevel[]> {
    const rows = await this.#query<{ id: string }>(
      'looking',
      'select id from gccflow.limit_level where expires_at > clock_timestamp() limit $1',
      [limit],
    );
    return rows.flatMap(({ id }) => parseLevelId(id) ?? []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sweeping;
  }

  /** What is stricter in calls and in time stays, and what neither is goes. */
  async #hold(key: string, left: number, forMs: number): Promise<void> {
    await this.#query(
      'narrowing',
      `with narrower as (select $2::bigint as calls_left, ${nowUs} + $3::bigint * 1000 as until),
         old as (delete from gccflow.limit_hold as held using narrower
                   where key = $1 and (held.until <= ${nowUs} or held.calls_left >= narrower.calls_left and held.until <= narrower.until))
       insert into gccflow.limit_hold (key, calls_left, until) select $1, calls_left, until from narrower`,
      [key, left, Math.ceil(forMs)],
    );
  }

  /** Removes what is out of every window, now and then and beside the calls. */
  #sweep(): void {
    if (performance.now() < this.#sweepAt) return;
    this.#sweepAt = performance.now() + sweepMs;
    this.#sweeping = this.#postgres.query(sweepSql).catch(() => {}); // the next one does it
  }

  async #query<Row>(doing: string, sql: string, params: readonly unknown[]): Promise<Row[]> {
    try {
      return await this.#postgres.query<Row>(sql, params);
    } catch (thrown) {
      throw limiterError(doing, thrown);
    }
  }
}

function columnsOf(levels: readonly PlannedLevel[]): unknown[] {
  return [
    levels.map(({ id }) => id),
    levels.map(({ key }) => key),
    levels.map(({ requests }) => requests),
    levels.map(({ perMs }) => perMs * 1000),
    levels.map(({ window }) => window === 'fixed'),
  ];
}

const inspectSql = `
  select used::float8, ceil(greatest(wait, closed) / 1000.0)::float8 as "waitMs", ceil(closed / 1000.0)::float8 as "closedMs"
  from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::boolean[]) with ordinality
         as wanted (id, key, requests, per_us, fixed, place)
    left join gccflow.limit_level as level on level.id = wanted.id,
    lateral (select greatest(${nowUs}, coalesce(level.last_at, 0)) as now) as clock,
    lateral (select now - now % per_us as start) as fixed_window,
    lateral (select case when fixed then case when level.window_start = start then window_calls else 0 end
                    else (select count(*) from gccflow.limit_call as call where call.level = wanted.id and at + per_us > now) end as used) as counted,
    lateral (select greatest(0, case when fixed then case when used >= requests then start + per_us - now else 0 end
                    else (select at + per_us - now from gccflow.limit_call as call
                          where call.level = wanted.id and number = level.calls - requests + 1) end) as wait) as waiting,
    lateral (select coalesce(max(until) - now, 0) as closed from gccflow.limit_hold as hold
             where hold.key = wanted.key and calls_left <= 0 and until > now) as closure
  order by place`;

const sweepSql = `
  with old as (select id from gccflow.limit_level where expires_at < clock_timestamp() - interval '1 minute' for update skip locked),
    calls as (delete from gccflow.limit_call using old where level = old.id),
    holds as (delete from gccflow.limit_hold where until < ${nowUs})
  delete from gccflow.limit_level using old where limit_level.id = old.id`;
