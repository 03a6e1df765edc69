import type { Postgres, PostgresQueries } from '../../connections/postgres.ts';
import { migrateSchema } from '../../connections/postgres-schema.ts';
import { enqueueTasks, enqueueTasksWithin } from './enqueue.ts';
import { enqueueTaskStream } from './enqueue-stream.ts';
import { Exchanges } from './exchanges.ts';
import { Housekeeper } from './housekeeper.ts';
import { completeTask, extendLeases, leaseQueued, leaseTask } from './leases.ts';
import { QueueLanes } from './queue-lanes.ts';
import type { NewTask } from './task.ts';
import type { EndedTask, EnqueueResult, Held, HousePolicy, HouseWork, ServedLease, TaskQueue, Wish } from './task-queue.ts';
import { WorkListener } from './work-listener.ts';

/**
 * Opens the task queue of a PostgreSQL, which stays the caller's, and makes its tables where they are missing. Of the pool it takes one
 * connection for each listener and three at most for exchanges, extensions and housekeeping, and keeps them until it is disposed.
 * Throws POSTGRES_UNREACHABLE and POSTGRES_QUERY.
 */
export async function openTaskQueue(postgres: Postgres): Promise<TaskQueue> {
  await migrateSchema(postgres);
  return new OpenTaskQueue(postgres);
}

class OpenTaskQueue implements TaskQueue {
  readonly #postgres: Postgres;
  readonly #lanes: QueueLanes;
  readonly #exchanges: Exchanges;
  readonly #housekeeper: Housekeeper;

  constructor(postgres: Postgres) {
    this.#postgres = postgres;
    this.#lanes = new QueueLanes(postgres);
    this.#exchanges = new Exchanges(this.#lanes);
    this.#housekeeper = new Housekeeper(this.#lanes);
  }

  enqueue(tasks: readonly NewTask[]): Promise<EnqueueResult> {
    return enqueueTasks(this.#postgres, tasks);
  }

  enqueueWithin(session: PostgresQueries, tasks: readonly NewTask[]): Promise<EnqueueResult> {
    return enqueueTasksWithin(session, tasks);
  }

  enqueueStream(tasks: AsyncIterable<NewTask>, signal?: AbortSignal): Promise<{ readonly queued: number; readonly known: number }> {
    return enqueueTaskStream(this.#postgres, tasks, signal);
  }

  exchange(ended: readonly EndedTask[], wishes: readonly Wish[], worker: string) {
    return this.#exchanges.exchange(ended, wishes, worker);
  }

  extend(tasks: readonly Held[], leaseMs: number): Promise<ReadonlySet<string>> {
    return this.#lanes.with((lane) => extendLeases(lane, tasks, leaseMs));
  }

  completeWithin(session: PostgresQueries, task: Held): Promise<boolean> {
    return completeTask(session, task);
  }

  enqueueLeased(task: NewTask, worker: string, leaseMs: number): Promise<ServedLease | null> {
    const lessee = { worker, leaseMs };
    return this.#postgres.transaction(async (session) => {
      const { ids } = await enqueueTasksWithin(session, [{ ...task, runAt: null }]);
      const [id] = ids;
      const wasQueued = typeof id !== 'string';
      const leased = wasQueued ? await leaseQueued(session, task, lessee) : await leaseTask(session, id, lessee);
      return leased && { task: leased, wasQueued };
    });
  }

  keepHouse(policy: HousePolicy): Promise<HouseWork> {
    return this.#housekeeper.keep(policy);
  }

  async listen(onWork: (flow: string) => void): Promise<AsyncDisposable> {
    const listener = new WorkListener(this.#postgres, onWork);
    await listener.start();
    return listener;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lanes[Symbol.asyncDispose]();
  }
}
