import type { Log } from '../../foundation/log.ts';
import type { CallSums } from './call-tally.ts';
import type { AbortCause, ChildSetup } from './child-message.ts';
import type { ChildPlan } from './child-plan.ts';
import type { ForkChild } from './fork-child.ts';
import { crashOutcome, type EndedHeld, type HeldTask } from './held-task.ts';
import { type RestartPolicy, Restarts } from './restarts.ts';
import { type Crash, Seat } from './seat.ts';

export interface ChildrenDeps {
  readonly fork: ForkChild;
  readonly setup: Omit<ChildSetup, 'runs'>;
  readonly policy: RestartPolicy;
  readonly log: Log;
  /** Attempts that ended, by themselves or with their process. Those whose lease is lost are among them. */
  readonly onEnded: (ended: readonly EndedHeld[]) => void;
  /** What the children counted of their calls since the last time. */
  readonly onCalls: (sums: CallSums) => void;
  /** There are more free slots. */
  readonly onFree: () => void;
  /** All processes have been ready. */
  readonly onAllReady: () => void;
  /** A child that was never ready cannot run its flows. */
  readonly onFailed: (error: Error) => void;
  /** Wait before the second attempt of a flow's tasks. */
  readonly backoffMs: (flow: string) => number;
}

/** Processes that start at once: a start takes 0.1 to 0.3 s of a core, and they are not to keep the tasks of others from theirs. */
const startsAtOnce = 2;
const tickMs = 1000;

/** All child processes of a worker: starts them gently, replaces those that end, hands them tasks. */
export class Children {
  readonly #deps: ChildrenDeps;
  readonly #seats: readonly Seat[];
  readonly #byFlow: ReadonlyMap<string, readonly Seat[]>;
  readonly #restarts: ReadonlyMap<string, Restarts>;
  readonly #waiting: Seat[];
  readonly #starting = new Set<Seat>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #wereReady = new Set<Seat>();
  #ticker: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(plans: readonly ChildPlan[], deps: ChildrenDeps) {
    this.#deps = deps;
    const { fork, setup, log, onEnded, onCalls } = deps;
    const listeners = {
      onEnded: (ended: readonly EndedHeld[]) => {
        onEnded(ended);
        deps.onFree();
      },
      onCalls,
      onReady: (seat: Seat) => this.#settleIn(seat),
      onCrash: (crash: Crash) => this.#replaceCrashed(crash),
      onEmpty: (seat: Seat) => this.#replaceEmpty(seat),
      onFailed: (error: Error, seat: Seat) => this.#giveUp(error, seat),
    };
    this.#seats = plans.map((plan) => {
      const seat: Seat = new Seat(plan, { fork, setup, log, ...listeners, onFailed: (error) => listeners.onFailed(error, seat) });
      return seat;
    });
    const flows = new Set(plans.flatMap(({ slots }) => [...slots.keys()]));
    this.#byFlow = new Map([...flows].map((flow) => [flow, this.#seats.filter(({ plan }) => plan.slots.has(flow))]));
    this.#restarts = new Map(plans.map(({ group }) => [group, new Restarts(deps.policy)]));
    this.#waiting = [...this.#seats];
  }

  start(): void {
    this.#ticker = setInterval(() => this.#tick(), tickMs);
    this.#startSome();
  }

  /** Tasks of a flow that could start now. */
  free(flow: string): number {
    if (this.#isStopping) return 0;
    return (this.#byFlow.get(flow) ?? []).reduce((sum, seat) => sum + seat.free(flow), 0);
  }

  /** Hands out tasks, each to the child of its flow with the most free slots; gives back those for which there is none any more. */
  run(tasks: readonly HeldTask[]): readonly HeldTask[] {
    const seats = new Set<Seat>();
    const left: HeldTask[] = [];
    for (const held of tasks) {
      const seat = this.#freest(held.task.flow);
      if (seat === null) left.push(held);
      else seats.add(seat.add(held));
    }
    for (const seat of seats) seat.send();
    return left;
  }

  get held(): readonly HeldTask[] {
    return this.#seats.flatMap((seat) => seat.tasks);
  }

  /** Aborts the tasks that are marked as lost. */
  abortLost(): void {
    for (const seat of this.#seats) seat.abort('lease_lost', ({ isLost }) => isLost);
  }

  abortAll(why: AbortCause): void {
    for (const seat of this.#seats) seat.abort(why);
  }

  /** Starts nothing more, and gives back the tasks that wait for a child. */
  stop(): readonly HeldTask[] {
    this.#isStopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    return this.#seats.flatMap((seat) => seat.dropSuspects());
  }

  /** Ends all processes; what they hold is lost with them. Resolves when none is left. */
  async end(): Promise<void> {
    clearInterval(this.#ticker);
    for (const seat of this.#seats) {
      if (seat.tasks.length > 0) seat.kill();
      else seat.end();
    }
    while (this.#seats.some(({ isEmpty }) => !isEmpty)) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  #freest(flow: string): Seat | null {
    let best: Seat | null = null;
    let most = 0;
    for (const seat of this.#byFlow.get(flow) ?? []) {
      const free = seat.free(flow);
      if (free > most) [best, most] = [seat, free];
    }
    return best;
  }

  #startSome(): void {
    while (!this.#isStopping && this.#starting.size < startsAtOnce) {
      const seat = this.#waiting.shift();
      if (seat === undefined) return;
      this.#starting.add(seat);
      seat.start();
    }
  }

  #settleIn(seat: Seat): void {
    const isNew = !this.#wereReady.has(seat);
    this.#wereReady.add(seat);
    this.#starting.delete(seat);
    this.#startSome();
    this.#deps.onFree();
    if (isNew && this.#wereReady.size === this.#seats.length) this.#deps.onAllReady();
  }

  /** A process that ended as it was asked to: at the end of the worker, or because it was worn out. */
  #replaceEmpty(seat: Seat): void {
    this.#starting.delete(seat);
    if (!this.#isStopping) this.#startAgain(seat, 0);
  }

  #replaceCrashed(crash: Crash): void {
    const { seat, wasIsolating } = crash;
    this.#starting.delete(seat);
    this.#charge(crash);
    if (this.#isStopping) return;
    const restarts = this.#restarts.get(seat.plan.group);
    if (restarts === undefined) return;
    const { waitMs, isLoop } = wasIsolating ? { waitMs: restarts.searchingMs, isLoop: false } : restarts.crashed(performance.now());
    if (isLoop) this.#deps.log.error({ flow: seat.plan.group, restMs: waitMs }, 'children of a flow kept crashing');
    this.#startAgain(seat, waitMs);
    this.#startSome();
  }

  /** Charges the crash to the one task that was there; of several, each half is run again apart from the other. */
  #charge({ seat, tasks, isStuck, how }: Crash): void {
    const [only, ...others] = tasks;
    if (only === undefined) return;
    if (others.length > 0) {
      const middle = Math.ceil(tasks.length / 2);
      seat.isolate([tasks.slice(0, middle), tasks.slice(middle)]);
      return;
    }
    const code = isStuck ? 'WORKER_STUCK' : 'WORKER_CRASHED';
    const message = isStuck ? 'its process did not answer for as long as the lease, and was killed' : `its process ended: ${how}`;
    this.#deps.onEnded([{ held: only, outcome: crashOutcome(only.task, code, message, this.#deps.backoffMs(only.task.flow)) }]);
  }

  /** A mistake in a flow's code ends the worker where it shows at the start; later it is a crash. */
  #giveUp(error: Error, seat: Seat): void {
    if (!this.#wereReady.has(seat)) this.#deps.onFailed(error);
    else this.#deps.log.error({ child: seat.plan.name, reason: error.message }, 'child cannot run its flows');
  }

  #startAgain(seat: Seat, waitMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#waiting.push(seat);
      this.#startSome();
    }, waitMs);
    this.#timers.add(timer);
  }

  #tick(): void {
    for (const seat of this.#seats) seat.tend(tickMs);
  }
}
