import { randomUUID } from 'node:crypto';
import { after, type TestContext } from 'node:test';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import type { Postgres } from '../../framework/connections/postgres.ts';
import { migrateSchema } from '../../framework/connections/postgres-schema.ts';
import { openTaskQueue } from '../../framework/scrape/queue/open-task-queue.ts';
import type { LeasedTask, NewTask } from '../../framework/scrape/queue/task.ts';
import type { EndedTask, TaskQueue } from '../../framework/scrape/queue/task-queue.ts';
import { embeddedConfig, embeddedProjectDir } from './postgres.ts';
import { needs } from './services.ts';
import { silentLog } from './warehouse.ts';

/** A task queue with nothing in it. */
export interface ScratchQueue extends AsyncDisposable {
  readonly postgres: Postgres;
  readonly queue: TaskQueue;
}

/** Null where the machine has no such server, and the test is skipped. */
type FindServer = (context: TestContext) => Promise<Postgres | null>;

/** Every PostgreSQL that a queue may be in. */
export const queueServers: Readonly<Record<'embedded' | 'server', FindServer>> = { embedded: embeddedServer, server: localServer };

const closing = new AsyncDisposableStack();
after(() => closing.disposeAsync());

let embedded: Promise<Postgres> | undefined;
let local: Promise<Postgres> | undefined;

/** A queue that was emptied, in the server of this test process. Null where the machine has none, and the test is skipped. */
export async function scratchQueue(context: TestContext, findServer: FindServer = embeddedServer): Promise<ScratchQueue | null> {
  const postgres = await findServer(context);
  if (postgres === null) return null;
  await emptyQueue(postgres);
  const queue = await openTaskQueue(postgres);
  return { postgres, queue, [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose]() };
}

export async function emptyQueue(postgres: Postgres): Promise<void> {
  await postgres.query(
    'truncate gccflow.scrape_request_log, gccflow.scrape_request_history, gccflow.scrape_request_key, gccflow.scrape_flow',
  );
}

/** The server of this test process, with gccflow's tables. */
export async function embeddedServer(): Promise<Postgres> {
  embedded ??= openMigrated(openPostgres(embeddedConfig, { projectDir: embeddedProjectDir(), maxConnections: 20, log: silentLog }));
  return embedded;
}

/** A database of this test process in the machine's PostgreSQL. */
async function localServer(context: TestContext): Promise<Postgres | null> {
  if (!(await needs('postgres', context))) return null;
  local ??= openMigrated(openLocal());
  return local;
}

async function openLocal(): Promise<Postgres> {
  const database = `gccflow_${randomUUID().slice(0, 8)}`;
  const open = (name: string) =>
    openPostgres(
      { type: 'postgres', url: `postgres://postgres@127.0.0.1:5432/${name}` },
      { projectDir: '.', maxConnections: 20, log: silentLog },
    );
  const admin = closing.use(await open('postgres'));
  await admin.query(`create database ${database}`);
  closing.defer(async () => {
    await admin.query(`drop database ${database} with (force)`);
  });
  return open(database);
}

async function openMigrated(opening: Promise<Postgres>): Promise<Postgres> {
  const postgres = closing.use(await opening);
  await migrateSchema(postgres);
  return postgres;
}

/** A task of flow `f`, due at once. */
export function newTask(task: Partial<NewTask> = {}): NewTask {
  return {
    flow: 'f',
    params: {},
    priority: 0,
    maxAttempts: 3,
    runAt: null,
    expiresAt: null,
    accountId: null,
    idempotencyKey: null,
    uniqueKey: null,
    ...task,
  };
}

/** Leases up to `limit` tasks of a flow to a worker, for a minute. */
export async function lease(queue: TaskQueue, limit: number, flow = 'f', worker = 'w'): Promise<readonly LeasedTask[]> {
  const { leased } = await queue.exchange([], [{ flow, limit, leaseMs: 60_000 }], worker);
  return leased;
}

/** Ends attempts; gives back the ids of those that were lost. */
export async function end(
  queue: TaskQueue,
  tasks: readonly LeasedTask[],
  settlement: EndedTask['settlement'] = { kind: 'complete' },
): Promise<readonly string[]> {
  const { lost } = await queue.exchange(
    tasks.map(({ id, attempt }) => ({ id, attempt, settlement })),
    [],
    'w',
  );
  return lost;
}

/** What there is of a task, wherever it is. */
export async function readTask(postgres: Postgres, id: string): Promise<TaskView | undefined> {
  const [row] = await postgres.query<TaskView>('select * from gccflow.scrape_request where id = $1', [id]);
  return row;
}

export interface TaskView {
  readonly status: string;
  readonly attempt: number;
  readonly tries: number;
  readonly ready: boolean;
  readonly error: string | null;
  readonly waiting_for: string | null;
  readonly errors: readonly { readonly attempt: number; readonly code: string; readonly message: string }[] | null;
  readonly ended_at: Date | null;
  readonly run_at: Date | null;
  readonly params: unknown;
}

/** Lets all leases run out, without waiting. */
export async function runOutLeases(postgres: Postgres): Promise<void> {
  await postgres.query(`update gccflow.scrape_request_log set lease_until = now() - interval '1 second' where status = 'PROCESSING'`);
}

/** Lets the times of all that waits come, without waiting. */
export async function comeDue(postgres: Postgres): Promise<void> {
  await postgres.query(`update gccflow.scrape_request_log set run_at = now() - interval '1 second' where not ready`);
}
