import type { CallSums } from './call-tally.ts';
import { type AbortCause, type ChildSetup, type FromChild, keyOf } from './child-message.ts';
import type { ChildLine, ForkChild } from './fork-child.ts';
import type { EndedHeld, HeldTask } from './held-task.ts';
import { packTask } from './packed-task.ts';
import type { Outcome } from './run-task.ts';

export interface ChildEvents {
  readonly onReady: () => void;
  /** Attempts that ended, of those that the child held. */
  readonly onEnded: (ended: readonly EndedHeld[]) => void;
  /** It cannot run its flows; its end follows. */
  readonly onFailed: (failure: Extract<FromChild, { kind: 'failed' }>) => void;
  readonly onCalls: (sums: CallSums) => void;
  readonly onLog: (line: Extract<FromChild, { kind: 'log' }>) => void;
  readonly onLine: (line: string) => void;
  readonly onGone: (how: string, said: string) => void;
}

/** Memory of a whole child, bytes: one that has more is replaced when its tasks have ended. */
const mostRss = 1024 * 1024 * 1024;

/** One child process from its start to its end, and the tasks that it holds. */
export class ChildProcess {
  readonly held = new Map<string, HeldTask>();
  readonly #line: ChildLine;
  readonly #events: ChildEvents;
  #isReady = false;
  #isWornOut = false;
  #isPinged = false;
  #silentMs = 0;

  constructor(fork: ForkChild, setup: ChildSetup, events: ChildEvents) {
    this.#events = events;
    this.#line = fork({ onMessage: (message) => this.#hear(message), onGone: events.onGone, onLine: events.onLine });
    this.#line.send({ kind: 'start', setup });
  }

  get pid(): number {
    return this.#line.pid;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** It is to be replaced: it has too much memory, or code in it that does not end. */
  get isWornOut(): boolean {
    return this.#isWornOut;
  }

  /** How long a question has been without an answer. */
  get silentMs(): number {
    return this.#silentMs;
  }

  run(tasks: readonly HeldTask[]): void {
    for (const held of tasks) this.held.set(keyOf(held.task), held);
    this.#line.send({ kind: 'run', tasks: tasks.map(({ task }) => packTask(task)) });
  }

  abort(tasks: readonly HeldTask[], why: AbortCause): void {
    if (tasks.length > 0) this.#line.send({ kind: 'abort', tasks: tasks.map(({ task: { id, attempt } }) => ({ id, attempt })), why });
  }

  /** Asks whether it still answers, and counts how long it has not. */
  ask(sinceMs: number): void {
    if (this.#isPinged) this.#silentMs += sinceMs;
    else this.#line.send({ kind: 'ping' });
    this.#isPinged = true;
  }

  end(): void {
    this.#line.send({ kind: 'end' });
  }

  kill(): void {
    this.#line.kill();
  }

  #hear(message: FromChild): void {
    this.#isPinged = false;
    this.#silentMs = 0;
    if (message.kind === 'ready') {
      this.#isReady = true;
      this.#events.onReady();
    } else if (message.kind === 'ended') this.#end(message);
    else if (message.kind === 'pong') this.#isWornOut ||= message.rss > mostRss;
    else if (message.kind === 'calls') this.#events.onCalls(message.sums);
    else if (message.kind === 'failed') this.#events.onFailed(message);
    else this.#events.onLog(message);
  }

  #end({ complete, others }: Extract<FromChild, { kind: 'ended' }>): void {
    const ended: EndedHeld[] = [];
    for (const key of complete) this.#take(key, { kind: 'complete' }, ended);
    for (const attempt of others) {
      this.#take(keyOf(attempt), attempt.outcome, ended);
      this.#isWornOut ||= attempt.isAbandoned;
    }
    this.#events.onEnded(ended);
  }

  #take(key: string, outcome: Outcome, ended: EndedHeld[]): void {
    const held = this.held.get(key);
    if (held === undefined) return;
    this.held.delete(key);
    ended.push({ held, outcome });
  }
}
