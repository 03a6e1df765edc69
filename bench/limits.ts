import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { openPostgres } from '../framework/connections/open-postgres.ts';
import type { Postgres } from '../framework/connections/postgres.ts';
import type { Log } from '../framework/foundation/log.ts';
import type { Level } from '../framework/scrape/limits/limiter.ts';
import { openLimiter } from '../framework/scrape/limits/open-limiter.ts';
import { comparedFigure, type Figure, figure, median } from './support/figure.ts';

const callers = resolve(import.meta.dirname, 'support/limits-callers.ts');
const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '60' },
    slice: { type: 'string', default: '2' },
  },
  strict: false,
});
const concurrencies = [1, 32, 256];

/**
 * `limits.calls`: three levels of one call (day, minute, handle) against three calls of rate-limiter-flexible one after another, on the same
 * Redis, at three concurrencies, in turns; the ratio is the median of all pairs, the rates are those at concurrency 32.
 * `limits.violations` and `limits.admitted`: ten minutes at ten times the speed (a minute is 6 s, a second 100 ms), with 32 workers' worth of
 * callers in four processes; windows are checked afterwards by the times that Redis itself wrote to its append-only file.
 */
export async function measure(): Promise<readonly Figure[]> {
  await using database = await scratchDatabase();
  return [await measureCalls(database), ...(await measureWindows(database.dir))];
}

async function measureCalls({ postgres }: ScratchDatabase): Promise<Figure> {
  await using redis = await startRedis([]);
  await using limiter = await openLimiter(
    { type: 'redis', url: redis.url, prefix: '{calls}', when_away: 'fail_closed' },
    { postgres, log, signal: new AbortController().signal },
  );
  const client = new Redis(redis.url);
  const plenty = 1_000_000_000;
  const peers = [86_400, 60, 1].map(
    (duration) => new RateLimiterRedis({ storeClient: client, keyPrefix: `peer${duration}`, points: plenty, duration }),
  );
  const level = (key: string, perMs: number): Level => ({ key, requests: plenty, perMs, window: 'sliding' });
  const ours = async (handle: string): Promise<void> => {
    const answer = await limiter.ask({ levels: [level('day', 86_400_000), level('minute', 60_000), level(handle, 1000)], choices: [] });
    if (!answer.admitted) throw new Error('a call was denied');
  };
  const theirs = async (handle: string): Promise<void> => {
    for (const [index, peer] of peers.entries()) await peer.consume(index === 2 ? handle : 'instagram');
  };
  for (const call of [ours, theirs]) await rateOf(call, 32);
  const pairs: { readonly concurrency: number; readonly ours: number; readonly theirs: number }[] = [];
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const concurrency of concurrencies)
      pairs.push({ concurrency, ours: await rateOf(ours, concurrency), theirs: await rateOf(theirs, concurrency) });
  }
  await client.quit();
  for (const concurrency of concurrencies) {
    const some = pairs.filter((pair) => pair.concurrency === concurrency);
    const [own, other] = [median(some.map((pair) => pair.ours)), median(some.map((pair) => pair.theirs))];
    const ratio = median(some.map((pair) => pair.ours / pair.theirs));
    process.stderr.write(`concurrency ${concurrency}: ${Math.round(own)}/s, peer ${Math.round(other)}/s, ratio ${ratio.toFixed(2)}\n`);
  }
  const at32 = pairs.filter(({ concurrency }) => concurrency === 32);
  const ratio = median(pairs.map((pair) => pair.ours / pair.theirs));
  const [own, other] = [median(at32.map((pair) => pair.ours)), median(at32.map((pair) => pair.theirs))];
  return comparedFigure('limits.calls', own, 'calls/s', 'three stacked rate-limiter-flexible calls', other, ratio);
}

/** Calls a second of some callers, each of whom makes the next call when the last one was answered. */
async function rateOf(call: (handle: string) => Promise<void>, concurrency: number): Promise<number> {
  const begun = performance.now();
  const until = begun + Number(flags.slice) * 1000;
  let calls = 0;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() < until) {
        await call(`handle_${calls % 10_000}`);
        calls++;
      }
    }),
  );
  return calls / ((performance.now() - begun) / 1000);
}

/** What a platform allows, at ten times the speed, with a level of a day that must outlive Redis. */
const platforms = [60, 300, 850].map((requests): readonly Level[] => [
  { key: `minute_${requests}`, requests, perMs: 6000, window: 'sliding' },
  { key: `day_${requests}`, requests: requests * 400, perMs: 8_640_000, window: 'sliding' },
]);

async function measureWindows(postgresDir: string): Promise<readonly Figure[]> {
  await using redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'no', '--auto-aof-rewrite-percentage', '0']);
  const args = [
    '--redis',
    redis.url,
    '--postgres',
    postgresDir,
    '--seconds',
    String(flags.seconds),
    ...platforms.flatMap((levels) => ['--levels', JSON.stringify(levels)]),
  ];
  const parts = await Promise.all(Array.from({ length: 4 }, () => runCallers(args)));
  await redis.stop();
  const times = admissionTimes(redis.dir);
  let violations = 0;
  const shares: number[] = [];
  for (const [id, stamps] of times) {
    const [, key = '', perMs = ''] = /^\{bench\}:calls:\d+:(.*):(\d+)$/.exec(id) ?? [];
    const level = platforms.flat().find((one) => one.key === key);
    violations += violationsOf(stamps, level?.requests ?? 1, Number(perMs) * 1000);
    if (level?.perMs !== 6000) continue;
    const told = parts.reduce((sum, part) => sum + (part[key] ?? 0), 0);
    // One that was let through while the time ran out was not told.
    if (told > stamps.length || told < stamps.length - 32)
      throw new Error(`${key}: ${told} calls were made, Redis counted ${stamps.length}`);
    shares.push(shareOf(stamps, level));
    process.stderr.write(`${key}: ${stamps.length} admitted, ${(100 * (shares.at(-1) ?? 0)).toFixed(2)} % of the allowed\n`);
  }
  process.stderr.write(`${times.size} keys, ${[...times.values()].reduce((sum, stamps) => sum + stamps.length, 0)} counts checked\n`);
  return [figure('limits.violations', violations, 'count'), figure('limits.admitted', Math.min(...shares), 'share')];
}

async function runCallers(args: readonly string[]): Promise<Record<string, number>> {
  const child = spawn(process.execPath, [callers, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(await text(child.stdout)) as Record<string, number>;
}

/** Every `RPUSH key time …` of the append-only file, whose commands are `*WORDS`, then each word after its length. */
function admissionTimes(dir: string): Map<string, number[]> {
  const files = readdirSync(join(dir, 'appendonlydir')).filter((name) => name.endsWith('.incr.aof'));
  const times = new Map<string, number[]>();
  for (const file of files) {
    const words = readFileSync(join(dir, 'appendonlydir', file), 'utf8').split('\r\n');
    for (const [index, word] of words.entries()) {
      if (word !== 'RPUSH') continue;
      const key = words[index + 2] ?? '';
      const count = Number((words[index - 2] ?? '').slice(1)) - 2;
      const stamps = times.get(key) ?? [];
      for (let place = 0; place < count; place++) stamps.push(Number(words[index + 4 + 2 * place]));
      times.set(key, stamps);
    }
  }
  return times;
}

/** Calls that were made although as many as are allowed had been made in the window before. */
function violationsOf(stamps: readonly number[], requests: number, perUs: number): number {
  return stamps.filter((stamp, index) => index >= requests && stamp - (stamps[index - requests] ?? 0) < perUs).length;
}

/** Of what sliding windows allow from the first call on until the time was over. */
function shareOf(stamps: readonly number[], { requests, perMs }: Level): number {
  const [first = 0] = stamps;
  const windows = Math.floor((Number(flags.seconds) * 1000) / perMs) - 1; // the start of processes takes from the last one
  const within = stamps.filter((stamp) => stamp < first + windows * perMs * 1000).length;
  return within / (windows * requests);
}

interface BenchRedis extends AsyncDisposable {
  readonly url: string;
  readonly dir: string;
  stop(): Promise<void>;
}

async function startRedis(args: readonly string[]): Promise<BenchRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-bench-redis-'));
  const port = await freePort();
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', ...args], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const probe = new Redis(port, { lazyConnect: true, retryStrategy: () => 50, maxRetriesPerRequest: null });
  probe.on('error', () => {});
  await probe.ping();
  probe.disconnect();
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    dir,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await sleep(10);
  return port;
}

interface ScratchDatabase extends AsyncDisposable {
  readonly postgres: Postgres;
  /** The folder of the embedded server, for other processes. */
  readonly dir: string;
}

async function scratchDatabase(): Promise<ScratchDatabase> {
  await using opening = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-bench-postgres-'));
  chmodSync(dir, 0o711); // the server may be another user's process
  opening.defer(() => rmSync(dir, { recursive: true, force: true }));
  const postgres = opening.use(await openPostgres({ type: 'embedded', path: 'postgres' }, { projectDir: dir, maxConnections: 4, log }));
  const open = opening.move();
  return { postgres, dir, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
