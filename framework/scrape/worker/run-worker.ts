import { setTimeout as sleep } from 'node:timers/promises';
import { GccflowError } from '../../foundation/error.ts';
import type { Log } from '../../foundation/log.ts';
import type { FlowNode } from '../../manifest/manifest.ts';
import type { TargetConfig } from '../../project/target-config.ts';
import type { Relay } from '../outbox/relay.ts';
import type { LeasedTask } from '../queue/task.ts';
import type { HousePolicy, TaskQueue } from '../queue/task-queue.ts';
import type { ChildSetup } from './child-message.ts';
import { planChildren } from './child-plan.ts';
import { Children } from './children.ts';
import { ExchangeLoop, type Settled } from './exchange-loop.ts';
import type { ForkChild } from './fork-child.ts';
import { type EndedHeld, type HeldTask, returnedByStop } from './held-task.ts';
import { keepHouse } from './keep-house.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import type { WorkerMetrics } from './metrics.ts';
import { type RestartPolicy, restartPolicy } from './restarts.ts';
import type { Outcome } from './run-task.ts';
import { type CountsByFlow, countedAs, type FlowCounts, noCounts } from './worker-counts.ts';

export interface WorkerDeps {
  readonly queue: TaskQueue;
  /** Published to while tasks end; the caller's to dispose. */
  readonly relay: Pick<Relay, 'wake' | 'drain'>;
  readonly fork: ForkChild;
  readonly setup: Omit<ChildSetup, 'runs'>;
  readonly workers: TargetConfig['workers'];
  readonly house: HousePolicy;
  /** Names this worker in the queue, e.g. `host-4711`. */
  readonly worker: string;
  readonly log: Log;
  /** Asks the worker to stop. */
  readonly signal: AbortSignal;
  /** How long tasks may take to end then. */
  readonly graceMs: number;
  /** Whether no task of the flows is left; asked when nothing is to be done. Where null the worker runs until it is stopped. */
  readonly isDrained: (() => Promise<boolean>) | null;
  readonly metrics?: WorkerMetrics;
  readonly restarts?: RestartPolicy;
  /** Called when the first child is ready; the counts are kept up to date from then on. */
  readonly onStart?: (running: RunningWorker) => void;
  /** Called when all children have been ready. */
  readonly onAllReady?: () => void;
}

export interface RunningWorker {
  /** How many there are when all are ready. */
  readonly processes: number;
  readonly counts: CountsByFlow;
  /** Why an attempt of each flow that did not complete did not, the last one; flows without such an attempt are not in it. */
  readonly troubles: ReadonlyMap<string, string>;
  /** Attempts that are under way, by flow. */
  readonly running: () => ReadonlyMap<string, number>;
}

/** Of the grace, what is kept for code that has to be aborted, and for the last writes. */
const lastMs = 3_000;
/** How often a worker that is to end when nothing is left looks whether anything is. */
const drainedPollMs = 250;

/**
 * Runs tasks of flows in child processes until it is stopped. A task is leased when there is a free slot for it, and its lease is lengthened
 * while its process answers. When it is stopped it leases nothing more, lets tasks end within the grace, aborts the others and gives them back
 * uncharged. No child outlives it. Throws what keeps a flow from being opened.
 */
export async function runWorker(flows: readonly FlowNode[], deps: WorkerDeps): Promise<CountsByFlow> {
  return new Worker(flows, deps).run();
}

class Worker {
  readonly #deps: WorkerDeps;
  readonly #counts: ReadonlyMap<string, FlowCounts>;
  readonly #troubles = new Map<string, string>();
  readonly #children: Children;
  readonly #loop: ExchangeLoop;
  readonly #flows: readonly FlowNode[];
  readonly #processes: number;
  readonly #leases: ReadonlyMap<string, number>;
  readonly #stop = new AbortController();
  #failure: unknown = null;
  #hasStarted = false;

  constructor(flows: readonly FlowNode[], deps: WorkerDeps) {
    this.#flows = flows;
    this.#leases = new Map(flows.map(({ name, flow }) => [name, flow.lease]));
    this.#deps = deps;
    this.#counts = new Map(flows.map(({ name }) => [name, noCounts()]));
    const { fork, setup, log, queue, worker, workers, restarts = restartPolicy } = deps;
    const backoffs = new Map(flows.map(({ name, flow }) => [name, flow.retry.backoff]));
    const plans = planChildren(flows, workers);
    this.#processes = plans.length;
    this.#children = new Children(plans, {
      fork,
      setup,
      log,
      policy: restarts,
      onEnded: (ended) => this.#settle(ended),
      onCalls: (sums) => deps.metrics?.called(sums),
      onFree: () => this.#start(),
      onAllReady: () => deps.onAllReady?.(),
      onFailed: (error) => this.#fail(error),
      backoffMs: (flow) => backoffs.get(flow) ?? 0,
    });
    this.#loop = new ExchangeLoop({
      queue,
      worker,
      log,
      slots: plans.flatMap(({ slots }) => [...slots.values()]).reduce((sum, slots) => sum + slots, 0),
      leases: this.#leases,
      free: (flow) => this.#children.free(flow),
      onLeased: (tasks, askedMs) => this.#lease(tasks, askedMs),
      onWritten: (written, lost) => this.#tally(written, lost),
    });
  }

  async run(): Promise<CountsByFlow> {
    const { queue, house, log, signal } = this.#deps;
    using _stopping = follow(signal, this.#stop);
    await using _listening = await queue.listen((flow) => this.#loop.tell(flow));
    const keeping = new AbortController();
    const running = [this.#loop.run(), keepHouse(queue, house, { log, signal: keeping.signal }), this.#watchForEnd()];
    const keeper = new LeaseKeeper({ queue, log, held: () => this.#children.held, onLost: (lost) => this.#lose(lost) });
    this.#children.start();
    await aborted(this.#stop.signal);
    await this.#finish(keeper);
    keeping.abort();
    await Promise.all(running);
    if (this.#failure !== null) throw this.#failure;
    return this.#counts;
  }

  #start(): void {
    this.#loop.wake();
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#deps.onStart?.({ processes: this.#processes, counts: this.#counts, troubles: this.#troubles, running: () => this.#running() });
  }

  #running(): ReadonlyMap<string, number> {
    const running = new Map(this.#flows.map(({ name }) => [name, 0]));
    for (const { task } of this.#children.held) running.set(task.flow, (running.get(task.flow) ?? 0) + 1);
    return running;
  }

  #lease(tasks: readonly LeasedTask[], askedMs: number): void {
    const held = tasks.map((task): HeldTask => {
      const leaseMs = this.#leases.get(task.flow) ?? 0;
      return { task, leaseMs, leasedUntilMs: askedMs + leaseMs, isLost: false };
    });
    // A child may have ended while its tasks were on their way.
    this.#settle(this.#children.run(held).map((left) => ({ held: left, outcome: returnedByStop })));
  }

  #settle(ended: readonly EndedHeld[]): void {
    for (const { held, outcome } of ended) {
      const { task } = held;
      if (outcome.kind === 'settled') {
        this.#count(task, outcome);
        this.#deps.relay.wake();
      } else if (!held.isLost) this.#loop.settle(task, outcome);
    }
  }

  #tally(written: readonly Settled[], lost: readonly Settled[]): void {
    for (const { task, settlement } of written) this.#count(task, settlement);
    for (const { task } of lost) this.#countLost(task.flow);
    if (lost.length > 0) this.#deps.log.warn({ tasks: lost.map(({ id }) => id) }, 'attempts ended after their lease was lost');
  }

  #count(task: LeasedTask, outcome: Outcome): void {
    const counts = this.#counts.get(task.flow);
    const counted = countedAs(outcome.kind, task.isLastTry);
    if (counts) counts[counted]++;
    const trouble = troubleOf(outcome);
    if (trouble !== null) this.#troubles.set(task.flow, trouble);
    this.#deps.metrics?.ended(task.flow, counted, 'error' in outcome ? outcome.error.code : '');
  }

  /** Leases that were found to be another's while their tasks ran. */
  #lose(tasks: readonly HeldTask[]): void {
    for (const { task } of tasks) this.#countLost(task.flow);
    this.#deps.log.warn({ tasks: tasks.map(({ task }) => task.id) }, 'leases lost');
    this.#children.abortLost();
  }

  #countLost(flow: string): void {
    const counts = this.#counts.get(flow);
    if (counts) counts.lost++;
    this.#deps.metrics?.leaseLost(flow);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#stop.abort(error);
  }

  /** Ends the worker when nothing is left to do, where it is to. */
  async #watchForEnd(): Promise<void> {
    const { isDrained } = this.#deps;
    if (isDrained === null) return;
    while (!this.#stop.signal.aborted) {
      await sleep(drainedPollMs);
      if (!this.#hasStarted || !this.#loop.isIdle || this.#children.held.length > 0) continue;
      const drained = await isDrained().catch((thrown: unknown) => {
        if (!isAway(thrown)) this.#fail(thrown);
        return false;
      });
      if (drained) this.#stop.abort(new Error('no task is left'));
    }
  }

  /** Tasks end by themselves, then they are aborted, then their processes are killed; all within the grace. */
  async #finish(keeper: LeaseKeeper): Promise<void> {
    const { graceMs, relay } = this.#deps;
    const deadlineMs = performance.now() + graceMs;
    const deadline = AbortSignal.timeout(graceMs);
    this.#loop.stopLeasing();
    this.#giveBack(this.#children.stop());
    await this.#untilNothingRuns(deadlineMs - Math.min(lastMs, graceMs / 2));
    this.#children.abortAll('stop');
    await this.#untilNothingRuns(deadlineMs - Math.min(lastMs, graceMs / 2) / 3);
    await keeper[Symbol.asyncDispose]();
    const left = this.#children.held.filter(({ isLost }) => !isLost);
    for (const held of left) held.isLost = true;
    await this.#children.end();
    this.#giveBack(left.map((held) => Object.assign(held, { isLost: false })));
    const unwritten = await this.#loop.finish(deadline);
    if (unwritten > 0) this.#deps.log.warn({ tasks: unwritten }, 'tasks left to fall due by themselves');
    await relay.drain(deadline);
  }

  #giveBack(tasks: readonly HeldTask[]): void {
    this.#settle(tasks.map((held) => ({ held, outcome: returnedByStop })));
  }

  async #untilNothingRuns(untilMs: number): Promise<void> {
    while (this.#children.held.length > 0 && performance.now() < untilMs) await sleep(10);
  }
}

function troubleOf(outcome: Outcome): string | null {
  if ('error' in outcome) return `${outcome.error.code}: ${outcome.error.message}`;
  return outcome.kind === 'returned' ? outcome.reason : null;
}

/** PostgreSQL may come back. */
function isAway(thrown: unknown): boolean {
  return thrown instanceof GccflowError && thrown.code === 'POSTGRES_UNREACHABLE';
}

/** Aborts `controller` with `signal`. */
function follow(signal: AbortSignal, controller: AbortController): Disposable {
  const abort = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', abort) };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
