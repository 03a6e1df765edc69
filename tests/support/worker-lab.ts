import { fileURLToPath } from 'node:url';
import type { Postgres } from '../../framework/connections/postgres.ts';
import type { FlowNode } from '../../framework/manifest/manifest.ts';
import { TargetConfig } from '../../framework/project/target-config.ts';
import type { TaskQueue } from '../../framework/scrape/queue/task-queue.ts';
import { openNursery } from '../../framework/scrape/worker/fork-child.ts';
import { type RunningWorker, runWorker, type WorkerDeps } from '../../framework/scrape/worker/run-worker.ts';
import type { CountsByFlow } from '../../framework/scrape/worker/worker-counts.ts';
import { flowNode } from './flow-node.ts';
import { type RecordingLog, recordingLog } from './recording-log.ts';
import { readTask } from './task-queue.ts';
import { until } from './until.ts';

const child = fileURLToPath(new URL('worker-child.ts', import.meta.url));

/** A flow whose tasks do what their params say, see `worker-child.ts`. */
export function labFlow(name: string, written: Readonly<Record<string, unknown>> = {}): FlowNode {
  return flowNode({ name, lease: '5s', retry: { backoff: '10ms' }, ...written });
}

export interface LabWorker extends AsyncDisposable {
  readonly log: RecordingLog;
  readonly running: Promise<RunningWorker>;
  readonly ended: Promise<CountsByFlow>;
  stop(): void;
}

/** Runs a worker in this process, its tasks in processes of their own; stopped when disposed. */
export function labWorker(queue: TaskQueue, flows: readonly FlowNode[], deps: Partial<WorkerDeps> = {}): LabWorker {
  const log = recordingLog();
  const nursery = openNursery(child);
  const controller = new AbortController();
  const running = Promise.withResolvers<RunningWorker>();
  const ended = runWorker(flows, {
    queue,
    relay: { wake: () => {}, drain: async () => {} },
    fork: nursery.fork,
    setup: { projectDir: '.', target: TargetConfig.parse({}), flows, apis: [], secrets: [] },
    workers: 'shared',
    house: { retainDays: 7 },
    worker: 'lab',
    log,
    signal: controller.signal,
    graceMs: 10_000,
    isDrained: null,
    restarts: { firstMs: 20, mostMs: 100, loopCrashes: 5, loopMs: 200 },
    onStart: running.resolve,
    ...deps,
  });
  ended.catch(running.reject).finally(() => nursery[Symbol.dispose]());
  running.promise.catch(() => {});
  const stop = (): void => controller.abort(new Error('stopped by the test'));
  return {
    log,
    running: running.promise,
    ended,
    stop,
    [Symbol.asyncDispose]: async () => {
      stop();
      await ended.catch(() => {});
    },
  };
}

/** Tasks by their status, once none of them waits or runs. */
export async function untilEnded(postgres: Postgres, withinMs = 60_000): Promise<Readonly<Record<string, number>>> {
  const open = async (): Promise<boolean> => {
    const [row] = await postgres.query<{ open: boolean }>('select exists (select from gccflow.scrape_request_log) as open');
    return row?.open === true;
  };
  await until(async () => !(await open()), 'tasks are left', withinMs);
  const rows = await postgres.query<{ status: string; count: number }>(
    'select status, count(*)::int as count from gccflow.scrape_request_history group by 1 order by 1',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

/** Codes of the errors of a task, in the order of its attempts. */
export async function errorCodes(postgres: Postgres, id: string | null | undefined): Promise<readonly string[]> {
  const task = await readTask(postgres, id ?? '');
  return (task?.errors ?? []).map(({ code }) => code);
}

/** Whether a process is there. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
