import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { openPostgres } from '../framework/connections/open-postgres.ts';
import type { Postgres } from '../framework/connections/postgres.ts';
import type { Log } from '../framework/foundation/log.ts';
import { openTaskQueue } from '../framework/scrape/queue/open-task-queue.ts';
import type { EndedTask, TaskQueue } from '../framework/scrape/queue/task-queue.ts';
import { type Figure, figure, median } from './support/figure.ts';

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const server = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const batch = 100;
const { values: flags } = parseArgs({
  options: { sizes: { type: 'string', default: '10000,100000,1000000,5000000' }, tasks: { type: 'string', default: '50000' } },
  strict: false,
});

/**
 * The task queue by itself: how long one exchange takes that ends 100 tasks and leases 100 others, while ever more wait, and how many tasks
 * pass through one connection then. Shares the machine with PostgreSQL.
 */
export async function measure(): Promise<readonly Figure[]> {
  await using scratch = await scratchDatabase();
  await using queue = await openTaskQueue(scratch.postgres);
  const figures: Figure[] = [];
  for (const size of String(flags.sizes).split(',').map(Number)) {
    await fill(scratch.postgres, size);
    await pass(queue, Math.min(size / 10, Number(flags.tasks)));
    const sinceMs = performance.now();
    const times = await pass(queue, Math.min(size / 2, Number(flags.tasks)));
    const rate = (times.length * batch * 1000) / (performance.now() - sinceMs);
    figures.push(figure(`scrape.exchange_${size}`, median(times), 'ms'), figure(`scrape.rate_${size}`, rate, 'tasks/s'));
  }
  return figures;
}

/** Leases and ends so many tasks as a worker does whose tasks take no time; gives back how long each exchange took, in ms. */
async function pass(queue: TaskQueue, count: number): Promise<readonly number[]> {
  const times: number[] = [];
  let ended: readonly EndedTask[] = [];
  for (let tasks = 0; tasks < count; tasks += batch) {
    const beganMs = performance.now();
    const { leased } = await queue.exchange(ended, [{ flow: 'bench', limit: batch, leaseMs: 60_000 }], 'bench');
    times.push(performance.now() - beganMs);
    ended = leased.map(({ id, attempt }) => ({ id, attempt, settlement: { kind: 'complete' } }));
  }
  await queue.exchange(ended, [], 'bench');
  return times;
}

/** Tops the queue up to `size` tasks that wait. */
async function fill(postgres: Postgres, size: number): Promise<void> {
  await postgres.query(
    `insert into gccflow.scrape_request_log (flow, max_attempts, turn, platform, params)
     select 'bench', 3, n, 'instagram', ('{"platform": "instagram", "handle": "handle_' || n || '"}')::json
     from generate_series(1, $1::bigint - (select count(*) from gccflow.scrape_request_log)) as n`,
    [size],
  );
  await postgres.query('analyze gccflow.scrape_request_log');
}

async function scratchDatabase(): Promise<{ readonly postgres: Postgres } & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const name = `gccflow_bench_${randomUUID().slice(0, 8)}`;
  const open = (url: string) => openPostgres({ type: 'postgres', url }, { projectDir: '.', maxConnections: 6, log });
  const admin = opening.use(await open(server));
  await admin.query(`create database ${name}`);
  opening.defer(async () => {
    await admin.query(`drop database ${name} with (force)`);
  });
  const url = new URL(server);
  url.pathname = `/${name}`;
  const postgres = opening.use(await open(url.href));
  const opened = opening.move();
  return { postgres, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
