import { messageOf } from '../../foundation/error.ts';
import type { Log } from '../../foundation/log.ts';
import type { FlowNode } from '../../manifest/manifest.ts';
import type { FlowRecord, RunFlow } from '../flow/flow-deps.ts';
import { newTask } from '../flow/new-task.ts';
import type { LeasedTask, Params, Settlement } from '../queue/task.ts';
import type { TaskQueue } from '../queue/task-queue.ts';
import type { HeldTask } from '../worker/held-task.ts';
import { LeaseKeeper } from '../worker/lease-keeper.ts';
import { type Attempt, runAttempt } from '../worker/run-attempt.ts';
import type { Outcome } from '../worker/run-task.ts';
import { Refusal } from './refusal.ts';
import { refusalOf } from './refuse-outcome.ts';

export interface ServedTasksDeps {
  readonly queue: Pick<TaskQueue, 'enqueueLeased' | 'exchange' | 'extend'>;
  /** By the flow's name. */
  readonly run: ReadonlyMap<string, RunFlow>;
  readonly isPaused: (flow: string) => Promise<boolean>;
  /** Called when a task has written, as its events may wait in the outbox. */
  readonly onWritten: () => void;
  /** Names this process in the queue. */
  readonly worker: string;
  readonly log: Log;
}

export interface ServedRecords {
  readonly task: string;
  readonly records: readonly FlowRecord[];
}

/** A pause ends by hand: there is no telling when. */
const pausedMs = 60_000;

interface Running extends HeldTask {
  readonly attempt: Attempt;
}

/**
 * Runs a task for each request, in this process and at once, within the limits of its flow. Such a task has one attempt: when it fails, is
 * given back or its process dies it ends FAILED, as nobody waits for it any more. Where the flow takes one task of its kind at a time and such
 * a one is queued, that one is run, out of its turn; it goes back into the queue where it does not complete.
 */
export class ServedTasks implements AsyncDisposable {
  readonly #deps: ServedTasksDeps;
  readonly #running = new Set<Running>();
  readonly #keeper: LeaseKeeper;
  readonly #places = new Map<string, number>();

  constructor(deps: ServedTasksDeps) {
    this.#deps = deps;
    this.#keeper = new LeaseKeeper({ queue: deps.queue, log: deps.log, held: () => [...this.#running], onLost: () => this.#abortLost() });
  }

  get running(): number {
    return this.#running.size;
  }

  /** Throws `Refusal` where no records come of it, and what the queue throws. */
  async run({ flow }: FlowNode, params: Params): Promise<ServedRecords> {
    using _place = this.#takePlace(flow.name, flow.workers * flow.concurrency);
    if (await this.#deps.isPaused(flow.name)) throw new Refusal('unavailable', 'The flow is paused.', { retryAfterMs: pausedMs });
    const leased = await this.#deps.queue.enqueueLeased({ ...newTask(flow, params), maxAttempts: 1 }, this.#deps.worker, flow.lease);
    if (leased === null)
      throw new Refusal('conflict', 'A task with the same params is running, or queued for a later time.', { retryAfterMs: 1000 });
    const { task, wasQueued } = leased;
    const { outcome, records } = await this.#attempt(flow, task);
    if (outcome.kind === 'settled') this.#deps.onWritten();
    else await this.#settle(task, wasQueued ? outcome : finalOf(outcome));
    if (outcome.kind !== 'settled' && outcome.kind !== 'complete') throw refusalOf(outcome, task.id);
    if (records.length === 0) throw new Refusal('not_found', 'The provider has none.', { task: task.id });
    return { task: task.id, records };
  }

  /** Aborts what runs; its tasks are ended all the same. */
  abort(): void {
    for (const { attempt } of this.#running) attempt.abort('stop');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort();
    await this.#keeper[Symbol.asyncDispose]();
  }

  async #attempt(
    flow: FlowNode['flow'],
    task: LeasedTask,
  ): Promise<{ readonly outcome: Outcome; readonly records: readonly FlowRecord[] }> {
    const runFlow = this.#deps.run.get(flow.name);
    if (runFlow === undefined) throw new Error(`the flow '${flow.name}' is served and was not opened`);
    let records: readonly FlowRecord[] = [];
    const onRecords = (made: readonly FlowRecord[]): void => {
      records = made;
    };
    const maxWaitMs = flow.serve?.max_wait ?? flow.max_wait;
    const run = (leased: LeasedTask, signal: AbortSignal): Promise<Outcome> => runFlow(leased, signal, { maxWaitMs, onRecords });
    const attempt = runAttempt(task, { run, timeoutMs: flow.timeout, backoffMs: flow.retry.backoff });
    const held = { task, leaseMs: flow.lease, leasedUntilMs: performance.now() + flow.lease, isLost: false, attempt };
    this.#running.add(held);
    const { outcome } = await attempt.ended;
    this.#running.delete(held);
    return { outcome, records };
  }

  /** The answer does not wait for a queue that is away: the lease runs out, and the task has no further attempt. */
  async #settle({ id, attempt }: LeasedTask, settlement: Settlement): Promise<void> {
    try {
      await this.#deps.queue.exchange([{ id, attempt, settlement }], [], this.#deps.worker);
    } catch (thrown) {
      this.#deps.log.warn({ task: id, reason: messageOf(thrown) }, 'served task not ended in the queue');
    }
  }

  #abortLost(): void {
    for (const { attempt, isLost } of this.#running) if (isLost) attempt.abort('lease_lost');
  }

  #takePlace(flow: string, most: number): Disposable {
    const taken = this.#places.get(flow) ?? 0;
    if (taken >= most) throw new Refusal('unavailable', 'More requests are being served than the flow has slots.', { retryAfterMs: 1000 });
    this.#places.set(flow, taken + 1);
    return { [Symbol.dispose]: () => void this.#places.set(flow, (this.#places.get(flow) ?? 1) - 1) };
  }
}

function finalOf(outcome: Settlement): Settlement {
  if (outcome.kind !== 'returned') return outcome;
  return { kind: 'refused', error: { code: outcome.code ?? 'REQUEST_ENDED', message: outcome.reason, place: null } };
}
