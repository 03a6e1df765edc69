import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { GccflowError } from '../foundation/error.ts';
import { boundYoungSpace } from './bound-young-space.ts';
import type { Env } from './expand-env.ts';
import type { ParsedFile } from './parse-found-file.ts';
import type { FoundFile } from './project-files.ts';

/** Fewer files than this are parsed sooner than a thread has started. */
const filesPerThread = 600;
const maxThreads = 4;
/** Left to itself the young space of a thread grows to 96 MB in a third of the runs. */
const resourceLimits = { maxYoungGenerationSizeMb: 48 } as const;
/** What a thread takes at a time. The space of young objects is looked at as often: parsing as many files makes 10 MB. */
const filesPerPart = 50;

/** Reads and parses files, on several threads where there are many. In no set order. */
export async function parseFiles(dir: string, files: readonly FoundFile[], env: Env): Promise<readonly ParsedFile[]> {
  if (files.length === 0) return [];
  const threads = Math.max(1, Math.min(maxThreads, availableParallelism(), Math.floor(files.length / filesPerThread)));
  const taken = new Int32Array(new SharedArrayBuffer(4));
  const task = { dir, files, env: { ...env }, taken }; // a plain copy: the environment itself cannot be sent
  const elsewhere = threads === 1 ? [] : await startThreads(threads - 1, task);
  const parsed = await Promise.all([parseHere(task), ...elsewhere]);
  return parsed.flat();
}

async function parseHere({ dir, files, env, taken }: ThreadTask): Promise<readonly ParsedFile[]> {
  // Where nothing has changed, neither the shapes of files nor the parsers are loaded.
  const { parseFoundFile } = await import('./parse-found-file.ts');
  const parsed: ParsedFile[] = [];
  for (const part of partsOf(files, taken)) {
    boundYoungSpace();
    for (const file of part) parsed.push(parseFoundFile(dir, file, env));
  }
  return parsed;
}

/** A thread's share of the files, part by part: each takes the next part when it is done with its last one, so that all end together. */
export function* partsOf(files: readonly FoundFile[], taken: Int32Array): Generator<readonly FoundFile[]> {
  for (;;) {
    const first = Atomics.add(taken, 0, filesPerPart);
    if (first >= files.length) return;
    yield files.slice(first, first + filesPerPart);
  }
}

/** What a thread sends back of some files, in JSON, before the null that ends it: errors as plain data. */
export type ThreadAnswer = readonly (Omit<ParsedFile, 'errors'> & { readonly errors: readonly PlainError[] })[];
export type PlainError = Pick<GccflowError, 'code' | 'message' | 'hint' | 'at'>;
export interface ThreadTask {
  readonly dir: string;
  readonly files: readonly FoundFile[];
  readonly env: Env;
  /** How many files have been taken, shared by all threads. */
  readonly taken: Int32Array;
}

async function startThreads(count: number, task: ThreadTask): Promise<readonly Promise<readonly ParsedFile[]>[]> {
  const { Worker } = await import('node:worker_threads');
  const thread = new URL('./parse-thread.ts', import.meta.url);
  return Array.from({ length: count }, () => gather(new Worker(thread, { workerData: task, resourceLimits })));
}

function gather(worker: Worker): Promise<readonly ParsedFile[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly ParsedFile[]>();
  const parsed: ParsedFile[] = [];
  worker.on('message', (answer: string | null) => {
    boundYoungSpace();
    if (answer === null) resolve(parsed);
    else parsed.push(...(JSON.parse(answer) as ThreadAnswer).map(revive));
  });
  worker.once('error', reject);
  worker.once('exit', () => reject(new Error('A parsing thread ended without an answer.')));
  return promise;
}

function revive(file: ThreadAnswer[number]): ParsedFile {
  return { ...file, errors: file.errors.map(({ code, message, hint, at }) => new GccflowError(code, message, { hint, at })) };
}
