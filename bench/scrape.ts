import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type pg from 'pg';
import { openPostgres } from '../framework/connections/open-postgres.ts';
import type { Log } from '../framework/foundation/log.ts';
import { openTaskQueue } from '../framework/scrape/queue/open-task-queue.ts';
import type { TaskQueue } from '../framework/scrape/queue/task-queue.ts';
import { measure as measureQueue } from './scrape-queue.ts';
import { comparedFigure, type Figure, figure, median } from './support/figure.ts';
import {
  flowYaml,
  freshDatabase,
  gccflowLab,
  graphileLab,
  type Lab,
  type OpenLab,
  pgBossLab,
  startWorker,
  trivialTask,
} from './support/scrape-queues.ts';

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const { values: flags } = parseArgs({
  options: {
    tasks: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '3' },
    processes: { type: 'string', default: '4' },
    concurrency: { type: 'string', default: '100' },
    only: { type: 'string', default: 'rate,start,idle,queue' },
  },
  strict: false,
});
const tasks = Number(flags.tasks);
const workers = { processes: Number(flags.processes), concurrency: Number(flags.concurrency) };

/**
 * The queue of scrape tasks with its workers, as a user runs them: `gccflow worker` with its supervisor, beside graphile-worker and pg-boss
 * with as many processes and as many tasks at once in each, on the same PostgreSQL, in turns, each time in a new database. Tasks do nothing.
 * Ours keep every finished task in the history, the peers' delete it (graphile-worker) or keep it in place (pg-boss).
 */
export async function measure(): Promise<readonly Figure[]> {
  const parts: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
    rate: measureRates,
    start: measureStart,
    idle: measureIdle,
    queue: measureQueue,
  };
  const figures: Figure[] = [];
  for (const name of String(flags.only).split(',')) figures.push(...((await parts[name]?.()) ?? []));
  return figures;
}

async function measureRates(): Promise<readonly Figure[]> {
  const rates: Record<'ours' | 'graphile' | 'boss', number[]> = { ours: [], graphile: [], boss: [] };
  for (let round = 0; round < Number(flags.rounds); round++) {
    rates.ours.push(await rateOf(gccflowLab));
    rates.graphile.push(await rateOf(graphileLab));
    rates.boss.push(await rateOf(pgBossLab));
  }
  const compared = (name: string, peer: string, peers: readonly number[]): Figure =>
    comparedFigure(
      name,
      median(rates.ours),
      'tasks/s',
      peer,
      median(peers),
      median(rates.ours.map((rate, round) => rate / (peers[round] ?? Number.NaN))),
    );
  return [
    compared('scrape.tasks_graphile_worker', 'graphile-worker, local queue of 500', rates.graphile),
    compared('scrape.tasks_pg_boss', 'pg-boss, 4 batches of 100', rates.boss),
  ];
}

/** Tasks a second from the commit of all of them to the end of the last. A tenth as many go before, untimed. */
async function rateOf(openLab: OpenLab): Promise<number> {
  await using lab = await openLab(workers);
  await lab.enqueue(Math.ceil(tasks / 10));
  await untilEmpty(lab);
  await lab.enqueue(tasks);
  const begin = performance.now();
  await untilEmpty(lab);
  return tasks / ((performance.now() - begin) / 1000);
}

async function untilEmpty(lab: Lab): Promise<void> {
  while (!(await lab.isEmpty())) await sleep(20);
}

/** From queueing one task to the beginning of its attempt in a child process, as the task itself tells; everything else is idle. */
async function measureStart(): Promise<readonly Figure[]> {
  await using lab = await startLab();
  const waits: number[] = [];
  for (let n = 0; n < 300; n++) {
    await lab.queue.enqueue([trivialTask('timed', n)]);
    await sleep(20 + (n % 10) * 5);
  }
  const { rows } = await lab.db.query<{ ms: number }>('select ms from public.start order by n');
  waits.push(...rows.slice(50).map(({ ms }) => ms));
  return [figure('scrape.start_p50', median(waits), 'ms')];
}

/** A worker whose tasks note how long ago their row was written when they begin, by the clock of this machine. */
async function startLab(): Promise<{ readonly db: pg.Client; readonly queue: TaskQueue } & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const { url, db } = opening.use(await freshDatabase());
  const postgres = opening.use(await openPostgres({ type: 'postgres', url }, { projectDir: '.', maxConnections: 2, log }));
  const queue = opening.use(await openTaskQueue(postgres));
  await db.query('create table public.start (n int, ms float8)');
  const flow = `${flowYaml('timed', { processes: 2, concurrency: 5 })}process: [{ run: ./note-start.ts }]\n`;
  opening.use(await startWorker(url, { 'timed.yaml': flow, 'note-start.ts': noteStart }));
  const open = opening.move();
  return { db, queue, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** The step is asked for its time by the clock of the process, which PostgreSQL on the same machine shares. */
const noteStart = `
export default async ([{ n }]: any, { db, task }: any) => {
  const startedAt = performance.timeOrigin + performance.now();
  const [row] = await db.query('select extract(epoch from created_at) * 1000 as ms from gccflow.scrape_request_log where id = $1', [task.id]);
  await db.query('insert into public.start values ($1, $2)', [n, startedAt - Number(row.ms)]);
};
`;

/** What all backends of the database, and its own processes, use of a core while 200 workers with 5 slots each have nothing to do. */
async function measureIdle(): Promise<readonly Figure[]> {
  const idleMs = 30_000;
  await using opening = new AsyncDisposableStack();
  const { url, db } = opening.use(await freshDatabase());
  const flows = Array.from({ length: 25 }, (_, n) => [`${n}.yaml`, flowYaml(`idle_${n}`, { processes: 8, concurrency: 5 })] as const);
  opening.use(await startWorker(url, Object.fromEntries(flows)));
  await sleep(10_000);
  const { rows } = await db.query<{ pid: number }>(
    `select pid from pg_stat_activity where pid <> pg_backend_pid() and (datname = current_database() or datname is null)`,
  );
  const before = cpuMs(rows.map(({ pid }) => pid));
  await sleep(idleMs);
  return [figure('scrape.idle_cpu', ((cpuMs(rows.map(({ pid }) => pid)) - before) / idleMs) * 100, '%')];
}

/** CPU time of processes, as Linux tells it, in steps of 10 ms. */
function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) * 10;
  }, 0);
}
