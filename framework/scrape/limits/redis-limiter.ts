import type { Postgres } from '../../connections/postgres.ts';
import type { RedisScript } from '../../connections/redis.ts';
import { openRedis, type RedisConnection } from '../../connections/redis-connection.ts';
import { GccflowError } from '../../foundation/error.ts';
import type { Log } from '../../foundation/log.ts';
import { Batches } from './batches.ts';
import { LevelTable } from './level-table.ts';
import { blockSize, dropBlock, keepClosure, reserveBlock } from './limit-blocks.ts';
import type { KnownLevel, Level, LevelState, LimitAnswer, Limiter, LimitRequest } from './limiter.ts';
import { limiterError } from './limiter-fault.ts';
import { type PlannedLevel, parseLevelId, planRequest } from './plan-request.ts';
import { openEpoch, type RedisEpoch } from './redis-epoch.ts';
import { grantScript } from './redis-epoch-scripts.ts';
import { RedisNames } from './redis-names.ts';
import { askScript, holdScript, inspectScript } from './redis-scripts.ts';

export interface RedisLimiterOptions {
  readonly url: string;
  /** What its keys begin with; names the limiter in PostgreSQL too. */
  readonly prefix: string;
  readonly postgres: Postgres;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What one script answers at most, so that Redis is never held up for long. */
const asksAtOnce = 64;
const levelsAtOnce = 500;
/** Asked again that often where Redis loses its data, or a block is used up by others, while it is asked. */
const maxTurns = 20;
/** How far the clock of Redis may go back before its counts are restored. */
const clockMs = 60_000;
/** A closure that is shorter is only Redis' own. */
const keptClosureMs = 60_000;

/** Opens the limiter that counts in Redis. One that is away is no error: it may come. Throws LIMITER_UNREACHABLE where the url is none. */
export async function openRedisLimiter(options: RedisLimiterOptions): Promise<Limiter> {
  const names = new RedisNames(options.prefix);
  const connection = await openRedis(options.url, { key: names.epoch, log: options.log, signal: options.signal });
  return new RedisLimiter(connection, names, options);
}

interface Ask {
  readonly levels: readonly PlannedLevel[];
  readonly choices: number;
}

/** What the script answered, and in which epoch; null where data was lost. */
type Verdict = { readonly epoch: RedisEpoch; readonly answer: readonly unknown[] } | null;

class RedisLimiter implements Limiter {
  readonly kind = 'redis';
  readonly #connection: RedisConnection;
  readonly #names: RedisNames;
  readonly #options: RedisLimiterOptions;
  readonly #asks = new Batches<Ask, Verdict>(asksAtOnce, (asks) => this.#ask(asks));
  readonly #reserving = new Map<string, Promise<void>>();
  #epoch: RedisEpoch | null = null;
  #opening: Promise<RedisEpoch> | null = null;

  constructor(connection: RedisConnection, names: RedisNames, options: RedisLimiterOptions) {
    this.#connection = connection;
    this.#names = names;
    this.#options = options;
  }

  async ask(request: LimitRequest): Promise<LimitAnswer> {
    const levels = planRequest(request);
    if (levels.length === 0) return { admitted: true, choice: 0 };
    for (let turn = 0; turn < maxTurns; turn++) {
      const verdict = await this.#asks.ask({ levels, choices: request.choices.length });
      if (verdict === null) continue;
      const [code, ...rest] = verdict.answer;
      if (code === 1) return { admitted: true, choice: Number(rest[0]) };
      if (code === 0) return { admitted: false, waitMs: Number(rest[0]), key: levels[Number(rest[1])]?.key ?? '' };
      await this.#reserveAll(verdict.epoch, levels, rest);
    }
    throw this.#restless();
  }

  async close(key: string, forMs: number): Promise<void> {
    if (forMs > keptClosureMs) await this.#durably('closing', keepClosure(this.#options.postgres, this.#options.prefix, key, forMs));
    await this.#hold(key, 0, forMs);
  }

  async narrow({ key, requests }: Level, remaining: number, forMs: number): Promise<void> {
    if (remaining < requests && forMs > 0) await this.#hold(key, Math.max(0, Math.floor(remaining)), forMs);
  }

  async inspect(levels: readonly Level[]): Promise<readonly LevelState[]> {
    const states: LevelState[] = [];
    for (let first = 0; first < levels.length; first += levelsAtOnce) {
      states.push(...(await this.#inspect(levels.slice(first, first + levelsAtOnce))));
    }
    return states;
  }

  async known(limit: number): Promise<readonly KnownLevel[]> {
    const { link, number } = await this.#current();
    const start = this.#names.calls(number, '');
    const ids = new Set<string>();
    let cursor = '0';
    do {
      const answer = (await link.call('SCAN', cursor, 'MATCH', `${escapeGlob(start)}*`, 'COUNT', 1000)) as [string, string[]];
      for (const key of answer[1]) ids.add(key.slice(start.length));
      cursor = answer[0];
    } while (cursor !== '0' && ids.size < limit);
    return [...ids].flatMap((id) => parseLevelId(id) ?? []).slice(0, limit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }

  /** The epoch of the connection that is there; of several that ask for it, one looks. */
  #current(): Promise<RedisEpoch> | RedisEpoch {
    const link = this.#connection.link();
    if (this.#epoch?.link === link) return this.#epoch;
    const { prefix, postgres, log } = this.#options;
    this.#opening ??= this.#durably('restoring counts', openEpoch(link, { limiter: prefix, names: this.#names, postgres, log }))
      .then((epoch) => {
        this.#epoch = epoch;
        return epoch;
      })
      .finally(() => {
        this.#opening = null;
      });
    return this.#opening;
  }

  async #ask(asks: readonly Ask[]): Promise<readonly Verdict[]> {
    const epoch = await this.#current();
    const table = new LevelTable(this.#names, epoch);
    const numbers: number[] = [];
    for (const { levels, choices } of asks) {
      numbers.push(choices, levels.length);
      for (const level of levels) numbers.push(table.placeOf(level), level.choice, level.requests, level.isTaken ? 1 : 0);
    }
    const answers = await this.#evaluateLevels(epoch, askScript, table, numbers);
    return asks.map((_, index) => (answers === null ? null : { epoch, answer: answers[index] as unknown[] }));
  }

  async #inspect(levels: readonly Level[]): Promise<readonly LevelState[]> {
    const planned = levels.flatMap((level) => planRequest({ levels: [level], choices: [] }));
    for (let turn = 0; turn < maxTurns; turn++) {
      const epoch = await this.#current();
      const table = new LevelTable(this.#names, epoch);
      const numbers = planned.flatMap((level) => [table.placeOf(level), level.requests]);
      const states = await this.#evaluateLevels(epoch, inspectScript, table, numbers);
      if (states !== null) return levels.map((level, index) => stateOf(level, states.slice(index * 3, index * 3 + 3).map(Number)));
    }
    throw this.#restless();
  }

  /** Runs a script in an epoch; null where data was lost, and then the epoch is forgotten here too. */
  async #evaluate(epoch: RedisEpoch, script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const answer = await epoch.link.evaluate(script, keys, args);
    if (answer === null && this.#epoch === epoch) this.#epoch = null;
    const holds = epoch.lease.holds();
    if (holds !== true && !(await this.#durably('asking for the epoch', holds))) throw this.#leave(epoch);
    return answer;
  }

  async #evaluateLevels(epoch: RedisEpoch, script: RedisScript, table: LevelTable, asks: readonly number[]): Promise<unknown[] | null> {
    return (await this.#evaluate(epoch, script, table.keys, table.argumentsFor(asks))) as unknown[] | null;
  }

  async #hold(key: string, left: number, forMs: number): Promise<void> {
    for (let turn = 0; turn < maxTurns; turn++) {
      const epoch = await this.#current();
      const keys = [this.#names.epoch, this.#names.clock, this.#names.hold(epoch.number, key)];
      if ((await this.#evaluate(epoch, holdScript, keys, [epoch.text, left, Math.ceil(forMs)])) !== null) return;
    }
    throw this.#restless();
  }

  /** `wanted` is the time in microseconds, then index and used-up block of each level. */
  async #reserveAll(epoch: RedisEpoch, levels: readonly PlannedLevel[], [now, ...wanted]: readonly unknown[]): Promise<void> {
    for (let at = 0; at < wanted.length; at += 2) {
      const level = levels[Number(wanted[at])];
      if (level === undefined) continue;
      const running = this.#reserving.get(level.id);
      const reserving =
        running ?? this.#reserve(epoch, level, String(wanted[at + 1]), Number(now)).finally(() => this.#reserving.delete(level.id));
      this.#reserving.set(level.id, reserving);
      await reserving;
    }
  }

  /** The block is usable for one window from before it was reserved, so that PostgreSQL may forget it some time after. */
  async #reserve(epoch: RedisEpoch, level: PlannedLevel, previous: string, nowUs: number): Promise<void> {
    const { postgres, prefix } = this.#options;
    const { number, text, link } = epoch;
    const request = { limiter: prefix, epoch: number, level, previous };
    const id = await this.#durably('reserving calls', reserveBlock(postgres, request));
    if (id === null) throw this.#leave(epoch);
    const keys = [
      this.#names.epoch,
      this.#names.calls(number, level.id),
      this.#names.left(number, level.id),
      this.#names.block(number, level.id),
    ];
    const endsAtMs = Math.floor(nowUs / 1000) + level.perMs;
    const args = [text, previous, id, blockSize(level), endsAtMs, endsAtMs + level.perMs + clockMs];
    const granted = await link.evaluate(grantScript, keys, args);
    if (granted !== 1) await this.#durably('reserving calls', dropBlock(postgres, id));
  }

  async #durably<Result>(doing: string, work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (thrown) {
      throw limiterError(doing, thrown);
    }
  }

  /** A Redis that lost its place to another one while it was cut off from it. */
  #leave(epoch: RedisEpoch): GccflowError {
    const message = `${this.#connection.location} is not the Redis that counts any more: another one has begun a later epoch.`;
    const hint =
      'Was it cut off while a replica took its place? Let it follow the new primary, and the url lead there. ' +
      `Where it is meant to count again, delete its key ${this.#names.epoch}: counts are restored then.`;
    const fault = new GccflowError('LIMITER_UNREACHABLE', message, { hint });
    this.#connection.leave(epoch.link, fault);
    return fault;
  }

  #restless(): GccflowError {
    return new GccflowError('LIMITER_UNREACHABLE', `${this.#connection.location} loses its data again and again.`, {
      hint: "See that nothing deletes keys that begin with the limiter's prefix, and that no two projects share it.",
    });
  }
}

function stateOf(level: Level, [used = 0, waitMs = 0, closedMs = 0]: readonly number[]): LevelState {
  return { ...level, used, waitMs, closedForMs: closedMs > 0 ? closedMs : null };
}

function escapeGlob(text: string): string {
  return text.replaceAll(/[\\*?[\]]/g, '\\$&');
}
