import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
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
/** The space of this thread is looked at so often: parsing as many files makes 10 MB. */
const filesPerBound = 50;

/** Reads and parses files, on several threads where there are many. In no set order. */
export async function parseFiles(dir: string, files: readonly FoundFile[], env: Env): Promise<readonly ParsedFile[]> {
  if (files.length === 0) return [];
  // Where nothing has changed, neither the shapes of files nor the parsers are loaded.
  const { parseFoundFile } = await import('./parse-found-file.ts');
  const threads = Math.max(1, Math.min(maxThreads, availableParallelism(), Math.floor(files.length / filesPerThread)));
  const [own = [], ...others] = deal(files, threads);
  const elsewhere = others.map((share) => parseInThread(dir, share));
  const here = own.map((file, index) => {
    if (index % filesPerBound === 0) boundYoungSpace();
    return parseFoundFile(dir, file, env);
  });
  const parsed = [...here, ...(await Promise.all(elsewhere)).flat()];
  const roles = new Map(files.map((file) => [file.file, file]));
  return parsed.map((result) => {
    const found = roles.get(result.file);
    return result.readsEnv && found && !here.includes(result) ? parseFoundFile(dir, found, env) : result;
  });
}

/** Deals files out in turn: neighbours are alike, so every share gets its part of each kind. */
function deal(files: readonly FoundFile[], shares: number): FoundFile[][] {
  return Array.from({ length: shares }, (_, share) => files.filter((_file, index) => index % shares === share));
}

/** What a thread sends back, some files at a time: errors as plain data. */
export type ThreadAnswer = readonly (Omit<ParsedFile, 'errors'> & { readonly errors: readonly PlainError[] })[];
export type PlainError = Pick<GccflowError, 'code' | 'message' | 'hint' | 'at'>;
export interface ThreadTask {
  readonly dir: string;
  readonly files: readonly FoundFile[];
}

function parseInThread(dir: string, files: readonly FoundFile[]): Promise<readonly ParsedFile[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly ParsedFile[]>();
  const worker = new Worker(new URL('./parse-thread.ts', import.meta.url), {
    workerData: { dir, files } satisfies ThreadTask,
    resourceLimits,
  });
  const parsed: ParsedFile[] = [];
  worker.on('message', (answer: string) => {
    boundYoungSpace();
    parsed.push(...(JSON.parse(answer) as ThreadAnswer).map(revive));
    if (parsed.length === files.length) resolve(parsed);
  });
  worker.once('error', reject);
  worker.once('exit', () => reject(new Error('A parsing thread ended without an answer.')));
  return promise;
}

function revive(file: ThreadAnswer[number]): ParsedFile {
  return { ...file, errors: file.errors.map(({ code, message, hint, at }) => new GccflowError(code, message, { hint, at })) };
}
