import { GccflowError, messageOf } from '../../foundation/error.ts';
import type { Log, LogFields } from '../../foundation/log.ts';
import type { CallMeter } from '../calls/open-api-calls.ts';
import type { LeasedTask } from '../queue/task.ts';
import { CallTally } from './call-tally.ts';
import { type ChildSetup, type EndedAttempt, type FromChild, keyOf, type ToChild } from './child-message.ts';
import { type PackedTask, unpackTask } from './packed-task.ts';
import { type Attempt, type RunningFlow, runAttempt } from './run-attempt.ts';
import type { RunTask } from './run-task.ts';

/** The child's end of the line to its supervisor. */
export interface SupervisorLine {
  readonly send: (message: FromChild) => void;
  readonly onMessage: (listener: (message: ToChild) => void) => void;
  /** The supervisor is gone. */
  readonly onLost: (listener: () => void) => void;
  /** Bytes of memory that the process has. */
  readonly rss: () => number;
}

/** Opens what a child's flows need. The signal aborts when the child is to end before it has begun. */
export type OpenTasks = (setup: ChildSetup, deps: OpenTasksDeps) => Promise<OpenedTasks>;
export interface OpenTasksDeps {
  readonly log: Log;
  readonly meter: CallMeter;
  readonly signal: AbortSignal;
}
export interface OpenedTasks extends AsyncDisposable {
  readonly tasks: ReadonlyMap<string, RunTask>;
}

/** Runs the tasks that the supervisor sends until it says to end, or is gone: then all is aborted. Resolves when everything is closed. */
export async function runChild(line: SupervisorLine, openTasks: OpenTasks): Promise<void> {
  const controller = new AbortController();
  const over = Promise.withResolvers<void>();
  const started = Promise.withResolvers<ChildSetup | null>();
  const running = new RunningTasks(line);
  line.onMessage((message) => {
    if (message.kind === 'start') started.resolve(message.setup);
    else if (message.kind === 'run') running.start(message.tasks);
    else if (message.kind === 'abort') for (const held of message.tasks) running.abort(keyOf(held), message.why);
    else if (message.kind === 'ping') running.answer();
    else over.resolve();
  });
  line.onLost(() => {
    started.resolve(null);
    controller.abort(new Error('the supervisor is gone'));
    running.abortAll();
    over.resolve();
  });
  const setup = await started.promise;
  if (setup === null) return;
  try {
    await using opened = await openTasks(setup, { log: logOver(line), meter: running.calls, signal: controller.signal });
    running.open(runningFlows(setup, opened.tasks));
    line.send({ kind: 'ready' });
    await over.promise;
    await running.idle();
  } catch (thrown) {
    const known = thrown instanceof GccflowError ? thrown : null;
    line.send({ kind: 'failed', code: known?.code ?? null, message: messageOf(thrown), hint: known?.hint });
  }
}

function runningFlows({ flows }: ChildSetup, tasks: ReadonlyMap<string, RunTask>): ReadonlyMap<string, RunningFlow> {
  const known = new Map(flows.map((node) => [node.name, node.flow]));
  return new Map(
    [...tasks].map(([name, run]) => {
      const flow = known.get(name);
      return [name, { run, timeoutMs: flow?.timeout ?? 0, backoffMs: flow?.retry.backoff ?? 0 }];
    }),
  );
}

/** The attempts that are under way. What ends in one turn of the event loop is told in one message. */
class RunningTasks {
  readonly calls = new CallTally();
  readonly #line: SupervisorLine;
  readonly #attempts = new Map<string, Attempt>();
  #flows: ReadonlyMap<string, RunningFlow> = new Map();
  readonly #complete: string[] = [];
  readonly #others: EndedAttempt[] = [];

  constructor(line: SupervisorLine) {
    this.#line = line;
  }

  open(flows: ReadonlyMap<string, RunningFlow>): void {
    this.#flows = flows;
  }

  start(tasks: readonly PackedTask[]): void {
    for (const task of tasks) void this.#run(unpackTask(task));
  }

  abort(key: string, why: 'lease_lost' | 'stop'): void {
    this.#attempts.get(key)?.abort(why);
  }

  abortAll(): void {
    for (const attempt of this.#attempts.values()) attempt.abort('stop');
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#attempts.values()].map(({ ended }) => ended));
  }

  async #run(task: LeasedTask): Promise<void> {
    const flow = this.#flows.get(task.flow);
    if (flow === undefined) throw new Error(`a task of '${task.flow}' was sent to a process that does not run it`);
    const attempt = runAttempt(task, flow);
    const key = keyOf(task);
    this.#attempts.set(key, attempt);
    const end = await attempt.ended;
    this.#attempts.delete(key);
    if (this.#complete.length + this.#others.length === 0) setImmediate(() => this.#tell());
    if (end.outcome.kind === 'complete' && !end.isAbandoned) this.#complete.push(key);
    else this.#others.push({ id: task.id, attempt: task.attempt, ...end });
  }

  /** That it is there, and what its attempts called meanwhile. */
  answer(): void {
    this.#tellCalls();
    this.#line.send({ kind: 'pong', rss: this.#line.rss() });
  }

  #tellCalls(): void {
    const sums = this.calls.take();
    if (sums !== null) this.#line.send({ kind: 'calls', sums });
  }

  #tell(): void {
    this.#tellCalls();
    this.#line.send({ kind: 'ended', complete: this.#complete.splice(0), others: this.#others.splice(0) });
  }
}

/** A log that the supervisor writes, which masks secrets. */
function logOver(line: SupervisorLine, inherited: LogFields = {}): Log {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: LogFields, message: string): void => {
      const plain = Object.entries({ ...inherited, ...fields }).map(([name, value]) => [
        name,
        value instanceof Error ? (value.stack ?? value.message) : value,
      ]);
      line.send({ kind: 'log', level, fields: Object.fromEntries(plain), message });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => logOver(line, { ...inherited, ...fields }),
  };
}
