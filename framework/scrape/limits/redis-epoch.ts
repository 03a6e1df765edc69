import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Postgres, PostgresConnection } from '../../connections/postgres.ts';
import type { RedisLink } from '../../connections/redis.ts';
import type { Log } from '../../foundation/log.ts';
import { EpochLease, fenceMs } from './epoch-lease.ts';
import { beginEpoch, isLatestEpoch, type KeptCalls, type KeptCounts, keptCounts } from './limit-blocks.ts';
import { levelId } from './plan-request.ts';
import { beginScript, claimScript, restoreScript } from './redis-epoch-scripts.ts';
import type { RedisNames } from './redis-names.ts';

/** The time since Redis last lost its data, over one connection. */
export interface RedisEpoch {
  readonly link: RedisLink;
  /** As Redis keeps it: counts hold while it is there. */
  readonly text: string;
  readonly number: string;
  /** When it began, in microseconds of Redis; 0 where nothing was lost before. */
  readonly born: string;
  /** Of this process, to count in it. */
  readonly lease: EpochLease;
}

export interface EpochOptions {
  /** Names the limiter in PostgreSQL. */
  readonly limiter: string;
  readonly names: RedisNames;
  readonly postgres: Postgres;
  readonly log: Log;
}

/** The first half of the advisory locks under which counts are restored. */
const restoreLock = 0x67_63_6c_6d;
const lockTimeout = '15s';
/** Calls that one script puts back. */
const callsAtOnce = 5_000;

/**
 * The epoch that holds on the server of `link`. Where the server lost its data, or is another one, a new one begins, with all that PostgreSQL
 * knows counted as used: one process does that, the others wait for it.
 */
export async function openEpoch(link: RedisLink, options: EpochOptions): Promise<RedisEpoch> {
  const found = await claim(link, options, '');
  if (found !== null) return found;
  await using session = await options.postgres.session();
  await session.query(`select set_config('lock_timeout', $1, false)`, [lockTimeout]);
  await session.query('select pg_advisory_lock($1, hashtext($2))', [restoreLock, options.limiter]);
  return await restore(link, session, options);
}

async function claim(link: RedisLink, options: EpochOptions, name: string): Promise<RedisEpoch | null> {
  const { epoch, clock, claim } = options.names;
  const text = await link.evaluate(claimScript, [epoch, clock, claim], [link.server.runId, name]);
  return typeof text === 'string' ? parseEpoch(link, text, options) : null;
}

function parseEpoch(link: RedisLink, text: string, { limiter, postgres }: EpochOptions): RedisEpoch {
  const [number = '', , born = ''] = text.split(' ');
  return { link, text, number, born, lease: new EpochLease(() => isLatestEpoch(postgres, limiter, number)) };
}

/**
 * The claim in Redis is what makes this safe: what PostgreSQL said may be old by the time it comes to Redis, if in between the data was lost
 * again and somebody else restored it. Then the claim is not there any more. PostgreSQL commits the number before anybody counts under it.
 */
async function restore(link: RedisLink, session: PostgresConnection, options: EpochOptions): Promise<RedisEpoch> {
  const { limiter, names, log } = options;
  for (;;) {
    const name = randomUUID();
    const found = await claim(link, options, name);
    if (found !== null) return found;
    const counts = await committed(session, limiter);
    const isPut = await putBack(link, names, name, counts);
    const text = isPut ? await begin(link, names, name, counts) : null;
    if (text === null) continue;
    const fields = { limiter: link.location, epoch: counts.epoch, levels: counts.levels.length };
    if (counts.isFirst) log.debug(fields, 'limiter used for the first time');
    else log.warn(fields, 'limiter had lost its counts: they were restored');
    return parseEpoch(link, text, options);
  }
}

/** What was counted is read when nobody counts in an earlier epoch any more. */
async function committed(session: PostgresConnection, limiter: string): Promise<KeptCounts> {
  const epoch = await beginEpoch(session, limiter);
  if (!epoch.isFirst) await sleep(fenceMs);
  await session.query('begin');
  const counts = await keptCounts(session, limiter);
  await session.query('commit');
  return { ...epoch, ...counts };
}

/** Under names that nobody looks at before the epoch has begun. */
async function putBack(link: RedisLink, names: RedisNames, claim: string, { epoch, levels }: KeptCounts): Promise<boolean> {
  for (const { level, kept } of levels) {
    const key = names.calls(epoch, levelId({ ...level, requests: 0 }));
    const isFixed = level.window === 'fixed';
    for (const part of isFixed ? [kept] : partsOf(kept)) {
      const args = part.flatMap(({ calls, ageMs }) => [calls, ageMs]);
      const put = await link.evaluate(restoreScript, [names.claim, key], [claim, isFixed ? 1 : 0, level.perMs, ...args]);
      if (put !== 1) return false;
    }
  }
  return true;
}

/** Some calls at a time, in their order, so that Redis is never held up for long. */
function partsOf(kept: readonly KeptCalls[]): KeptCalls[][] {
  const parts: KeptCalls[][] = [];
  let room = 0;
  for (const { calls, ageMs } of kept) {
    for (let left = calls; left > 0; ) {
      if (room === 0) {
        parts.push([]);
        room = callsAtOnce;
      }
      const some = Math.min(left, room);
      parts.at(-1)?.push({ calls: some, ageMs });
      left -= some;
      room -= some;
    }
  }
  return parts;
}

async function begin(link: RedisLink, names: RedisNames, claim: string, counts: KeptCounts): Promise<string | null> {
  const keys = [names.epoch, names.clock, names.claim, ...counts.closures.map(({ key }) => names.hold(counts.epoch, key))];
  const args = [claim, counts.epoch, link.server.runId, counts.isFirst ? 1 : 0, ...counts.closures.map(({ forMs }) => forMs)];
  const text = await link.evaluate(beginScript, keys, args);
  return typeof text === 'string' ? text : null;
}
