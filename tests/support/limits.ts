import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Postgres } from '../../framework/connections/postgres.ts';
import { GccflowError } from '../../framework/foundation/error.ts';
import type { Log } from '../../framework/foundation/log.ts';
import type { Level, Limiter, LimitRequest } from '../../framework/scrape/limits/limiter.ts';
import { openLimiter } from '../../framework/scrape/limits/open-limiter.ts';
import { scratchPostgres } from './postgres.ts';
import { type PrivateRedis, privateRedis, type RedisSettings } from './redis.ts';
import { silentLog } from './warehouse.ts';

export interface LimiterLab extends AsyncDisposable {
  readonly postgres: Postgres;
  /** Another client of the same counts, closed with the lab. */
  open(options?: { readonly url?: string; readonly log?: Log; readonly postgres?: Postgres }): Promise<Limiter>;
}

export interface RedisLab extends LimiterLab {
  readonly redis: PrivateRedis;
  /** What the limiters' keys begin with. */
  readonly prefix: string;
}

/** Limiters in a Redis of this test's own. Null where there is none, and the test is skipped. */
export async function redisLab(context: TestContext, settings: RedisSettings = {}): Promise<RedisLab | null> {
  await using opening = new AsyncDisposableStack();
  const redis = await privateRedis(context, settings);
  if (redis === null) return null;
  opening.use(redis);
  const scratch = opening.use(await scratchPostgres());
  const prefix = `{${randomUUID()}}`;
  const limiters = opening.use(new AsyncDisposableStack());
  const open: LimiterLab['open'] = async ({ url = redis.url, log = silentLog, postgres = scratch.postgres } = {}) =>
    limiters.use(
      await openLimiter({ type: 'redis', url, prefix, when_away: 'fail_closed' }, { postgres, log, signal: new AbortController().signal }),
    );
  const opened = opening.move();
  return { redis, prefix, postgres: scratch.postgres, open, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Limiters in the embedded PostgreSQL of this test process, which tests share: keys must be a test's own. */
export async function embeddedLab(): Promise<LimiterLab> {
  const scratch = await scratchPostgres();
  const { postgres } = scratch;
  const open: LimiterLab['open'] = ({ log = silentLog } = {}) =>
    openLimiter({ type: 'embedded', when_away: 'fail_closed' }, { postgres, log, signal: new AbortController().signal });
  return { postgres, open, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

/** Both limiters, for tests that hold both. */
export const labs: readonly { readonly name: string; open(context: TestContext): Promise<LimiterLab | null> }[] = [
  { name: 'redis', open: (context) => redisLab(context) },
  { name: 'embedded', open: () => embeddedLab() },
];

/** Of a fixed window that does not end while a test runs, whatever the hour: it begins at whole multiples. */
export const centuryMs = 36_500 * 86_400_000;

/** A key that no other test has. */
export function ownKey(name: string): string {
  return `${name}_${randomUUID().slice(0, 8)}`;
}

export function sliding(key: string, requests: number, perMs: number): Level {
  return { key, requests, perMs, window: 'sliding' };
}

export function fixed(key: string, requests: number, perMs: number): Level {
  return { key, requests, perMs, window: 'fixed' };
}

export function callOf(...levels: readonly Level[]): LimitRequest {
  return { levels, choices: [] };
}

/** How many of `times` asks, one after another, are admitted. */
export async function admittedOf(limiter: Limiter, request: LimitRequest, times: number): Promise<number> {
  let admitted = 0;
  for (let time = 0; time < times; time++) if ((await limiter.ask(request)).admitted) admitted++;
  return admitted;
}

/** A call that was let through, between two times of this process. */
export interface Admission {
  readonly asked: number;
  readonly answered: number;
}

/** Asks, and notes the time of a call that was let through; false where it was not, or where nobody knows. */
export async function noteAdmission(limiter: Limiter, request: LimitRequest, admissions: Admission[]): Promise<boolean> {
  const asked = performance.now();
  const answer = await limiter.ask(request).catch((thrown: unknown) => {
    if (thrown instanceof GccflowError && thrown.code === 'LIMITER_UNREACHABLE') return { admitted: false };
    throw thrown;
  });
  if (answer.admitted) admissions.push({ asked, answered: performance.now() });
  return answer.admitted;
}

/** The most calls that were let through for certain within one window of that length. */
export function mostWithin(perMs: number, admissions: readonly Admission[]): number {
  const counts = admissions.map(({ asked }) => admissions.filter((other) => other.asked >= asked && other.answered < asked + perMs).length);
  return Math.max(0, ...counts);
}
