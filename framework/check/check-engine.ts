import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WarehouseFault, WarehouseSettings } from '../connections/warehouse.ts';
import { parseFault } from '../connections/warehouse-fault.ts';
import { GccflowError } from '../foundation/error.ts';

/** One statement for the engine. */
export interface EngineStatement {
  readonly sql: string;
  /** Hold for this statement alone. */
  readonly settings?: WarehouseSettings;
  /** Statement that has the same effect on an engine that starts anew; run there once this one has succeeded here. */
  readonly keep?: string;
}

/** What became of a statement: rows of a result, what ClickHouse refused, or that the engine went down with it. */
export type EngineAnswer =
  | { readonly kind: 'rows'; readonly rows: readonly (readonly unknown[])[]; readonly names: readonly string[] }
  | { readonly kind: 'fault'; readonly fault: WarehouseFault; readonly said: string }
  | { readonly kind: 'lost'; readonly why: 'crashed' | 'timed out' };

/**
 * ClickHouse with nothing in it but what it is told, in a folder for the time being and in a process of its own: a statement that hangs or crashes costs that
 * statement, and the engine starts anew with the tables it had. One statement runs at a time, in the order they are given.
 */
export interface CheckEngine extends AsyncDisposable {
  /** Runs the statements one after another, each whatever became of those before it. Numbers of 64 bits come as text. */
  run(statements: readonly EngineStatement[]): Promise<readonly EngineAnswer[]>;
}

/** What the child is sent, and what it answers: a text where ClickHouse refused. */
export interface EngineRequest {
  readonly sql: string;
  readonly settings: WarehouseSettings;
}
export type EngineReply =
  | { readonly ready: true }
  | { readonly unavailable: string }
  | { readonly rows: unknown[][]; readonly names: string[] }
  | { readonly said: string };

export interface CheckEngineOptions {
  /** How long a statement may take. */
  readonly statementMs?: number;
}

/** Starts the engine. Throws DEPENDENCY_MISSING where chdb does not load. */
export async function openCheckEngine({ statementMs = 10_000 }: CheckEngineOptions = {}): Promise<CheckEngine> {
  const engine = new ChildEngine(statementMs);
  await engine.start();
  return engine;
}

class ChildEngine implements CheckEngine {
  readonly #statementMs: number;
  readonly #kept: string[] = [];
  #child: ChildProcess | null = null;
  #folder = '';
  #turn: Promise<unknown> = Promise.resolve();

  constructor(statementMs: number) {
    this.#statementMs = statementMs;
  }

  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'gccflow-check-'));
    const seconds = String(Math.ceil(this.#statementMs / 1000) + 1);
    const child = fork(join(import.meta.dirname, 'engine-child.ts'), [this.#folder, seconds], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child = child;
    const reply = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    const [said] = reply as [EngineReply | number | null];
    if (typeof said === 'object' && said !== null && 'ready' in said) return;
    await this.#end();
    const why = typeof said === 'object' && said !== null && 'unavailable' in said ? said.unavailable : 'its process ended at once';
    throw new GccflowError('DEPENDENCY_MISSING', `The embedded ClickHouse does not start: ${why}.`, {
      hint: "Run 'npm install chdb'; --no-engine checks the graph without it.",
    });
  }

  run(statements: readonly EngineStatement[]): Promise<readonly EngineAnswer[]> {
    const work = this.#turn.then(() => this.#runAll(statements));
    this.#turn = work.catch(() => {});
    return work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    await this.#end();
  }

  async #runAll(statements: readonly EngineStatement[]): Promise<readonly EngineAnswer[]> {
    const answers: EngineAnswer[] = [];
    while (answers.length < statements.length) {
      const left = statements.slice(answers.length);
      for (const [index, answer] of (await this.#askAll(left)).entries()) {
        const { keep } = left[index] ?? {};
        if (answer.kind === 'rows' && keep !== undefined) this.#kept.push(keep);
        answers.push(answer);
      }
      if (answers.at(-1)?.kind === 'lost') await this.#restart();
    }
    return answers;
  }

  async #restart(): Promise<void> {
    await this.#end();
    await this.start();
    await this.#askAll(this.#kept.map((sql) => ({ sql })));
  }

  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL'); // it holds nothing that outlives it
      await gone;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Sends all at once, so that the engine need not wait for us between two. Ends with the first statement that it is lost with. */
  async #askAll(statements: readonly EngineStatement[]): Promise<readonly EngineAnswer[]> {
    const child = this.#child;
    if (statements.length === 0) return [];
    if (!child?.connected) return [{ kind: 'lost', why: 'crashed' }];
    const { promise, resolve } = Promise.withResolvers<readonly EngineAnswer[]>();
    const answers: EngineAnswer[] = [];
    const lose = (why: 'crashed' | 'timed out'): void => resolve([...answers, { kind: 'lost', why }]);
    const timer = setTimeout(() => lose('timed out'), this.#statementMs);
    const onExit = (): void => lose('crashed');
    const onMessage = (reply: EngineReply): void => {
      answers.push(answerOf(reply));
      timer.refresh();
      if (answers.length === statements.length || answers.at(-1)?.kind === 'lost') resolve(answers);
    };
    child.on('message', onMessage).once('exit', onExit);
    for (const { sql, settings = {} } of statements) child.send({ sql, settings } satisfies EngineRequest, (failed) => failed && onExit());
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit);
    }
  }
}

function answerOf(reply: EngineReply): EngineAnswer {
  if ('rows' in reply) return { kind: 'rows', rows: reply.rows, names: reply.names };
  const said = 'said' in reply ? reply.said : '';
  const fault = parseFault(said);
  return fault ? { kind: 'fault', fault, said } : { kind: 'lost', why: 'crashed' };
}
