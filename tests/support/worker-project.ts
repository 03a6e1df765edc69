import { readdirSync, readFileSync } from 'node:fs';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import type { Postgres } from '../../framework/connections/postgres.ts';
import { openTaskQueue } from '../../framework/scrape/queue/open-task-queue.ts';
import type { TaskQueue } from '../../framework/scrape/queue/task-queue.ts';
import { projectFolder, startCli } from './cli.ts';
import { newTask } from './task-queue.ts';
import { until } from './until.ts';
import { silentLog } from './warehouse.ts';

/** A project with the flow `mark`, each of whose tasks leaves a row of `public.mark` and an event, once, after `ms`. */
export interface WorkerProject extends AsyncDisposable {
  readonly dir: string;
  readonly postgres: Postgres;
  readonly queue: TaskQueue;
  /** Queues tasks of `mark`. */
  enqueue(count: number, params?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Starts `gccflow worker`. */
  worker(...flags: readonly string[]): ReturnType<typeof startCli>;
  /** Starts it and waits until its processes are there. */
  readyWorker(...flags: readonly string[]): Promise<ReturnType<typeof startCli>>;
  /** Rows of `public.mark`, and tasks that left one. */
  marks(): Promise<{ readonly rows: number; readonly tasks: number }>;
  /** Tasks by their status, ended ones too. */
  statuses(): Promise<Readonly<Record<string, number>>>;
}

/** Waits first, heedless of the signal where `deaf`, or blocks its process; a task that is stopped meanwhile writes nothing. */
const step = `
import { setTimeout as sleep } from 'node:timers/promises';
export default async ([{ ms = 0, deaf = false, blocks = false }]: any, { db, emit, task, signal }: any) => {
  while (blocks);
  await sleep(ms, undefined, deaf ? {} : { signal });
  await db.query('insert into public.mark values ($1, $2)', [task.id, process.pid]);
  emit({ exchange: 'mark.dx', routingKey: 'marked', body: { task: task.id } });
};
`;

/** In the database of `url`, which is empty. */
export async function workerProject(url: string): Promise<WorkerProject> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(
    projectFolder({
      'project.yaml': `name: marks\ntargets:\n  dev: { workers: declared, postgres: { type: postgres, url: '${url}' } }\n`,
      'flows/mark.yaml': JSON.stringify({
        kind: 'flow',
        name: 'mark',
        workers: 2,
        concurrency: 5,
        params: { ms: 'integer?', deaf: 'boolean?', blocks: 'boolean?' },
        process: [{ run: './mark.ts' }],
        lease: '5s',
        retry: { attempts: 100, backoff: '10ms' },
      }),
      'flows/mark.ts': step,
    }),
  );
  const postgres = opening.use(await openPostgres({ type: 'postgres', url }, { projectDir: '.', maxConnections: 6, log: silentLog }));
  const queue = opening.use(await openTaskQueue(postgres));
  await postgres.query('create table public.mark (task_id bigint not null, pid int not null)');
  const started = new Set<ReturnType<typeof startCli>>();
  opening.defer(async () => {
    for (const { child } of started) child.kill('SIGKILL');
    await Promise.all([...started].map(({ ended }) => ended));
  });
  const worker = (...flags: readonly string[]) => {
    const running = startCli(['worker', ...flags], { cwd: folder.dir });
    started.add(running);
    return running;
  };
  const open = opening.move();
  return {
    dir: folder.dir,
    postgres,
    queue,
    enqueue: async (count, params = {}) => {
      await queue.enqueue(Array.from({ length: count }, () => newTask({ flow: 'mark', params, maxAttempts: 100 })));
    },
    worker,
    readyWorker: async (...flags) => {
      const running = worker(...flags);
      await until(() => childrenOf(running.child.pid ?? 0).length >= 2, 'the children do not start', 60_000);
      return running;
    },
    marks: async () => {
      const [row] = await postgres.query<{ rows: number; tasks: number }>(
        'select count(*)::int as rows, count(distinct task_id)::int as tasks from public.mark',
      );
      return row ?? { rows: 0, tasks: 0 };
    },
    statuses: async () => {
      const rows = await postgres.query<{ status: string; count: number }>(
        'select status, count(*)::int as count from gccflow.scrape_request group by 1 order by 1',
      );
      return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Numbers of the processes that run tasks of a worker. */
export function childrenOf(supervisor: number): readonly number[] {
  return processesOf((command, parent) => parent === supervisor && command.includes('worker-child') && !command.includes('warden'));
}

/** Numbers of processes, on a system that tells them in /proc. */
function processesOf(is: (command: string, parent: number) => boolean): readonly number[] {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return numbers.map(Number).filter((pid) => {
    try {
      const parent = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
      return is(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), parent);
    } catch {
      return false; // it has ended meanwhile
    }
  });
}
