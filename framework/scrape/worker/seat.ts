import { GccflowError } from '../../foundation/error.ts';
import type { Log } from '../../foundation/log.ts';
import type { CallSums } from './call-tally.ts';
import type { AbortCause, ChildSetup } from './child-message.ts';
import type { ChildPlan } from './child-plan.ts';
import { ChildProcess } from './child-process.ts';
import type { ForkChild } from './fork-child.ts';
import type { EndedHeld, HeldTask } from './held-task.ts';

export interface SeatDeps {
  readonly fork: ForkChild;
  readonly setup: Omit<ChildSetup, 'runs'>;
  readonly log: Log;
  readonly onReady: (seat: Seat) => void;
  readonly onEnded: (ended: readonly EndedHeld[]) => void;
  readonly onCalls: (sums: CallSums) => void;
  /** The process ended without being asked to. */
  readonly onCrash: (crash: Crash) => void;
  /** The process ended as it was asked to. */
  readonly onEmpty: (seat: Seat) => void;
  /** The process cannot run its flows. */
  readonly onFailed: (error: Error) => void;
}

export interface Crash {
  readonly seat: Seat;
  /** What it held. */
  readonly tasks: readonly HeldTask[];
  readonly isStuck: boolean;
  /** e.g. `SIGKILL`. */
  readonly how: string;
  /** It was running suspects one group at a time. */
  readonly wasIsolating: boolean;
}

/** How long a child may take to become ready. */
const startMs = 60_000;
/**
 * Tasks of a flow that a new process gets; each that it gets done makes room for one more beside its own. A process that has yet to load its modules
 * and open its connections would otherwise have hundreds wait for that, and a machine that starts many could get none of them done in time.
 */
const firstTasks = 16;
/** How long it may take to close what it has open. */
const endMs = 5_000;

/**
 * The place of one child process, which one process after another takes. Tasks whose process died under several of them are run again here in
 * ever smaller groups, before anything else is, so that the one that kills its process is found and the others are not charged for it.
 */
export class Seat {
  readonly plan: ChildPlan;
  readonly #deps: SeatDeps;
  readonly #busy = new Map<string, number>();
  /** Tasks that this process has done, by flow: not those that failed or were given back. */
  readonly #done = new Map<string, number>();
  readonly #added: HeldTask[] = [];
  #child: ChildProcess | null = null;
  #suspects: (readonly HeldTask[])[] = [];
  #isIsolating = false;
  #isEnding = false;
  #isStuck = false;
  #ageMs = 0;

  constructor(plan: ChildPlan, deps: SeatDeps) {
    this.plan = plan;
    this.#deps = deps;
  }

  get isEmpty(): boolean {
    return this.#child === null;
  }

  /** Tasks that the process holds, and suspects that wait for it. */
  get tasks(): readonly HeldTask[] {
    return [...(this.#child?.held.values() ?? []), ...this.#suspects.flat()];
  }

  /** Tasks of a flow that it could start now. */
  free(flow: string): number {
    if (!this.#child?.isReady || this.#isEnding || this.#isIsolating || this.#child.isWornOut) return 0;
    const most = Math.min(this.plan.slots.get(flow) ?? 0, firstTasks + (this.#done.get(flow) ?? 0));
    return Math.max(0, most - (this.#busy.get(flow) ?? 0));
  }

  start(): void {
    const { fork, setup, log, onReady, onCalls, onFailed } = this.#deps;
    this.#isEnding = false;
    this.#isStuck = false;
    this.#ageMs = 0;
    this.#done.clear();
    const child = new ChildProcess(
      fork,
      { ...setup, runs: [...this.plan.slots.keys()] },
      {
        onReady: () => {
          this.#runSuspects();
          onReady(this);
        },
        onEnded: (ended) => this.#release(ended),
        onFailed: ({ code, message, hint }) => onFailed(code === null ? new Error(message) : new GccflowError(code, message, { hint })),
        onCalls,
        onLog: ({ level, fields, message }) => log[level](fields, message),
        onLine: (line) => log.info({ child: this.plan.name, line }, 'child wrote'),
        onGone: (how, said) => this.#leave(child, how, said),
      },
    );
    this.#child = child;
  }

  /** Takes a slot for a task; `send` sends it. */
  add(held: HeldTask): this {
    const { flow } = held.task;
    this.#busy.set(flow, (this.#busy.get(flow) ?? 0) + 1);
    this.#added.push(held);
    return this;
  }

  /** Sends what was added in one message. */
  send(): void {
    this.#child?.run(this.#added.splice(0));
  }

  /** Runs tasks apart from all others, in the groups given. */
  isolate(groups: readonly (readonly HeldTask[])[]): void {
    this.#suspects.unshift(...groups.filter((group) => group.length > 0));
    this.#isIsolating = true;
  }

  /** Gives up the suspects, which have not begun. */
  dropSuspects(): readonly HeldTask[] {
    return this.#suspects.splice(0).flat();
  }

  abort(why: AbortCause, which: (held: HeldTask) => boolean = () => true): void {
    this.#child?.abort([...this.#child.held.values()].filter(which), why);
  }

  /** Looks after the process: one that does not start or does not answer is killed, one that is worn out is replaced. */
  tend(sinceMs: number): void {
    const child = this.#child;
    if (child === null) return;
    if (!child.isReady) {
      this.#ageMs += sinceMs;
      if (this.#ageMs > startMs) this.#kill('did not start');
      return;
    }
    if (child.held.size > 0) child.ask(sinceMs);
    const patienceMs = Math.min(...[...child.held.values()].map(({ leaseMs }) => leaseMs));
    if (child.silentMs > patienceMs) this.#kill('did not answer');
    else if (child.isWornOut && child.held.size === 0) this.end();
  }

  /** Asks the process to end; kills it where it does not. */
  end(): void {
    const child = this.#child;
    if (child === null || this.#isEnding) return;
    this.#isEnding = true;
    child.end();
    setTimeout(() => {
      if (this.#child === child) child.kill();
    }, endMs).unref();
  }

  kill(): void {
    this.#isEnding = true;
    this.#child?.kill();
  }

  #kill(why: string): void {
    if (this.#isStuck) return;
    this.#isStuck = true;
    this.#deps.log.error({ child: this.plan.name, pid: this.#child?.pid, why }, 'child killed');
    this.#child?.kill();
  }

  #release(ended: readonly EndedHeld[]): void {
    for (const { held, outcome } of ended) {
      const { flow } = held.task;
      this.#busy.set(flow, (this.#busy.get(flow) ?? 0) - 1);
      if (outcome.kind !== 'failed' && outcome.kind !== 'returned') this.#done.set(flow, (this.#done.get(flow) ?? 0) + 1);
    }
    this.#deps.onEnded(ended);
    if (this.#isIsolating) this.#runSuspects();
  }

  /** The next group, when the one before has ended. */
  #runSuspects(): void {
    if (!this.#child?.isReady || this.#child.held.size > 0) return;
    const group = this.#suspects.shift()?.filter(({ isLost }) => !isLost);
    if (group === undefined) this.#isIsolating = false;
    else if (group.length === 0) this.#runSuspects();
    else {
      for (const held of group) this.add(held);
      this.send();
    }
  }

  #leave(child: ChildProcess, how: string, said: string): void {
    const tasks = [...child.held.values()].filter(({ isLost }) => !isLost);
    this.#child = null;
    this.#busy.clear();
    if (this.#isEnding && tasks.length === 0) {
      this.#deps.onEmpty(this);
      return;
    }
    this.#deps.log.error({ child: this.plan.name, pid: child.pid, how, tasks: tasks.length, ...(said !== '' && { said }) }, 'child ended');
    this.#deps.onCrash({ seat: this, tasks, isStuck: this.#isStuck, how, wasIsolating: this.#isIsolating });
  }
}
