import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import type { Log } from '../../framework/foundation/log.ts';
import { openTaskQueue } from '../../framework/scrape/queue/open-task-queue.ts';
import type { NewTask } from '../../framework/scrape/queue/task.ts';

export const serverUrl = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const main = resolve(import.meta.dirname, '../../framework/cli/gccflow.mjs');
const peer = resolve(import.meta.dirname, 'scrape-peer.ts');
const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

/** Processes and tasks at once in each: those of graphile-worker's own performance test. */
export interface Workers {
  readonly processes: number;
  readonly concurrency: number;
}

/** A queue with its workers, in a database of its own, idle and ready. */
export interface Lab extends AsyncDisposable {
  readonly url: string;
  readonly db: pg.Client;
  /** Queues tasks that do nothing, all in one transaction. */
  enqueue(count: number): Promise<void>;
  /** Whether all of them are done. */
  isEmpty(): Promise<boolean>;
}

export type OpenLab = (workers: Workers) => Promise<Lab>;

export const gccflowLab: OpenLab = async (workers) => {
  await using opening = new AsyncDisposableStack();
  const { url, db } = opening.use(await freshDatabase());
  const postgres = opening.use(await openPostgres({ type: 'postgres', url }, { projectDir: '.', maxConnections: 2, log }));
  const queue = opening.use(await openTaskQueue(postgres));
  opening.use(await startWorker(url, { 'trivial.yaml': flowYaml('trivial', workers) }));
  const open = opening.move();
  return {
    url,
    db,
    enqueue: async (count) => void (await queue.enqueueStream(trivialTasks(count))),
    isEmpty: () => holds(db, 'not exists (select from gccflow.scrape_request_log)'),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
};

export const graphileLab: OpenLab = async (workers) => {
  await using opening = new AsyncDisposableStack();
  const { url, db } = opening.use(await freshDatabase());
  const { runMigrations } = await import('graphile-worker');
  await runMigrations({ connectionString: url });
  opening.use(await startPeers('graphile-worker', url, workers));
  const open = opening.move();
  return {
    url,
    db,
    enqueue: (count) =>
      inTransaction(db, async () => {
        await db.query(
          `select count(*) from graphile_worker.add_jobs(array(
             select row('trivial', json_build_object('n', n), null, null, null, null, null, null)::graphile_worker.job_spec
             from generate_series(1, $1) as n))`,
          [count],
        );
      }),
    isEmpty: () => holds(db, 'not exists (select from graphile_worker._private_jobs)'),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
};

export const pgBossLab: OpenLab = async (workers) => {
  await using opening = new AsyncDisposableStack();
  const { url, db } = opening.use(await freshDatabase());
  const { PgBoss } = await import('pg-boss');
  const boss = new PgBoss({ connectionString: url, max: 2, supervise: false, schedule: false });
  await boss.start();
  opening.defer(() => boss.stop({ graceful: false }));
  await boss.createQueue('trivial', { notify: true });
  opening.use(await startPeers('pg-boss', url, workers));
  const open = opening.move();
  return {
    url,
    db,
    enqueue: (count) =>
      inTransaction(db, async () => {
        const inOurs = { executeSql: (text: string, values?: unknown[]) => db.query(text, values) };
        for (let from = 0; from < count; from += 10_000) {
          const jobs = Array.from({ length: Math.min(10_000, count - from) }, (_, n) => ({ data: { n: from + n } }));
          await boss.insert('trivial', jobs, { db: inOurs });
        }
      }),
    isEmpty: () => holds(db, `not exists (select from pgboss.job where name = 'trivial' and state < 'completed')`),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
};

/** A flow of tasks that do nothing. */
export function flowYaml(name: string, { processes, concurrency }: Workers): string {
  return `kind: flow\nname: ${name}\nworkers: ${processes}\nconcurrency: ${concurrency}\nparams: { n: integer }\n`;
}

export async function* trivialTasks(count: number): AsyncGenerator<NewTask> {
  for (let n = 0; n < count; n++) yield trivialTask('trivial', n);
}

export function trivialTask(flow: string, n: number): NewTask {
  const none = { runAt: null, expiresAt: null, accountId: null, idempotencyKey: null, uniqueKey: null };
  return { flow, params: { n }, priority: 0, maxAttempts: 3, ...none };
}

/** `gccflow worker` with these files in its folder of flows, and more of its target in YAML, all of its processes ready. */
export async function startWorker(
  url: string,
  flows: Readonly<Record<string, string>>,
  target = '',
): Promise<AsyncDisposable & { readonly pid: number }> {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-bench-scrape-'));
  mkdirSync(join(dir, 'flows'));
  writeFileSync(
    join(dir, 'project.yaml'),
    `name: bench\ntargets:\n  dev: { workers: declared, postgres: { type: postgres, url: '${url}' }, ${target} }\n`,
  );
  for (const [name, text] of Object.entries(flows)) writeFileSync(join(dir, 'flows', name), text);
  const child = spawn(process.execPath, [main, 'worker', '--project-dir', dir], { stdio: ['ignore', 'ignore', 'pipe'] });
  await untilSays(child, /all processes are ready/);
  return {
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      await end(child, 'SIGTERM');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function untilSays(child: ChildProcess, what: RegExp): Promise<void> {
  let said = '';
  await new Promise<void>((up, down) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk;
      if (what.test(said)) up();
    });
    child.once('close', (code) => down(new Error(`the worker ended with ${code}: ${said.slice(-2000)}`)));
  });
}

async function startPeers(tool: string, url: string, { processes, concurrency }: Workers): Promise<AsyncDisposable> {
  const children = Array.from({ length: processes }, () =>
    fork(peer, [tool, url, String(concurrency)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
  );
  await Promise.all(children.map((child) => once(child, 'message')));
  return { [Symbol.asyncDispose]: async () => void (await Promise.all(children.map((child) => end(child, 'SIGKILL')))) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, 'close');
  child.kill(signal);
  await ended;
}

let databases = 0;

/** A database that is dropped when disposed. */
export async function freshDatabase(): Promise<{ readonly url: string; readonly db: pg.Client } & AsyncDisposable> {
  const name = `gccflow_bench_${process.pid}_${databases++}`;
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
  const db = new pg.Client({ connectionString: url });
  await db.connect();
  return {
    url,
    db,
    [Symbol.asyncDispose]: async () => {
      await db.end();
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}

async function inTransaction(db: pg.Client, work: () => Promise<void>): Promise<void> {
  await db.query('begin');
  await work();
  await db.query('commit');
}

async function holds(db: pg.Client, condition: string): Promise<boolean> {
  const { rows } = await db.query<{ holds: boolean }>(`select ${condition} as holds`);
  return rows[0]?.holds === true;
}
