import { messageOf } from '../../foundation/error.ts';
import type { Log } from '../../foundation/log.ts';
import type { TaskQueue } from '../queue/task-queue.ts';
import type { HeldTask } from './held-task.ts';

export interface LeaseKeeperDeps {
  readonly queue: Pick<TaskQueue, 'extend'>;
  /** All tasks that the worker has leased and not ended. */
  readonly held: () => readonly HeldTask[];
  /** Tasks are marked as lost. */
  readonly onLost: (tasks: readonly HeldTask[]) => void;
  readonly log: Log;
}

const tickMs = 500;

/** Lengthens the leases of tasks that run for longer than a third of them, and finds those that were lost. */
export class LeaseKeeper implements AsyncDisposable {
  readonly #deps: LeaseKeeperDeps;
  readonly #timer: NodeJS.Timeout;
  #extending: Promise<void> = Promise.resolve();
  #isExtending = false;

  constructor(deps: LeaseKeeperDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => {
      if (!this.#isExtending) this.#extending = this.#extend();
    }, tickMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#extending;
  }

  /** Never rejects: while PostgreSQL is away leases run out, and the tasks go on until it says whose they are. */
  async #extend(): Promise<void> {
    this.#isExtending = true;
    try {
      for (const [leaseMs, tasks] of this.#due()) await this.#extendAll(leaseMs, tasks);
    } catch (thrown) {
      this.#deps.log.debug({ reason: messageOf(thrown) }, 'leases not extended');
    } finally {
      this.#isExtending = false;
    }
  }

  /** By the length of their leases. */
  #due(): ReadonlyMap<number, readonly HeldTask[]> {
    const nowMs = performance.now();
    const due = this.#deps.held().filter(({ isLost, leasedUntilMs, leaseMs }) => !isLost && leasedUntilMs - nowMs < (leaseMs * 2) / 3);
    return Map.groupBy(due, ({ leaseMs }) => leaseMs);
  }

  async #extendAll(leaseMs: number, tasks: readonly HeldTask[]): Promise<void> {
    const askedMs = performance.now();
    const kept = await this.#deps.queue.extend(
      tasks.map(({ task: { id, attempt } }) => ({ id, attempt })),
      leaseMs,
    );
    const stillHeld = new Set(this.#deps.held());
    const lost = tasks.filter((held) => !kept.has(held.task.id) && stillHeld.has(held));
    for (const held of tasks) held.leasedUntilMs = askedMs + leaseMs;
    for (const held of lost) held.isLost = true;
    if (lost.length > 0) this.#deps.onLost(lost);
  }
}
