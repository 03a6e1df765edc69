import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { NodeId } from '../manifest/manifest.ts';
import { nodeIdOf } from './unique-id.ts';

/** The part of run_results.json that gccflow reads back. dbt's own files have it too. */
const RunResultsFile = z.object({
  metadata: z.object({ invocation_id: z.string().nullish() }),
  results: z.array(
    z.object({
      unique_id: z.string(),
      status: z.string(),
      execution_time: z.number().nullish(),
      adapter_response: z.record(z.string(), z.unknown()).nullish(),
    }),
  ),
  args: z.record(z.string(), z.unknown()).default({}),
});

/** What the last run left to say. */
export interface LastRun {
  readonly runId: string | null;
  /** The command that ran, e.g. `build`; null where the file does not say. */
  readonly command: string | null;
  readonly args: Readonly<Record<string, unknown>>;
  /** dbt's status of every node of the run, in the order they ended. */
  readonly statuses: ReadonlyMap<NodeId, string>;
  /** How long each node took that ran at all. */
  readonly durationsMs: ReadonlyMap<NodeId, number>;
}

/** The last run of a project, from run_results.json in `targetDir`. Throws ARTIFACT_MISSING where it is not there or not readable. */
export async function readRunResults(targetDir: string): Promise<LastRun> {
  const last = await findRunResults(targetDir);
  if (last) return last;
  const hint = 'Run or build first: it leaves the file.';
  throw new GccflowError('ARTIFACT_MISSING', `There is no run_results.json of an earlier run in '${targetDir}'.`, { hint });
}

/** As `readRunResults`, and null where there was no run yet. */
export async function findRunResults(targetDir: string): Promise<LastRun | null> {
  const path = join(targetDir, 'run_results.json');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw unreadable(path, error);
  });
  return text === null ? null : parseRunResults(text, path);
}

/** The nodes that `gccflow retry` runs again: those that failed, and those that were not reached on their account. */
export function nodesToRetry({ statuses }: LastRun): NodeId[] {
  const again = new Set(['error', 'fail', 'skipped', 'runtime error', 'partial success']);
  return [...statuses].filter(([, status]) => again.has(status)).map(([id]) => id);
}

/** What the text of a run_results.json says; `path` is for the error. Throws ARTIFACT_MISSING. */
export function parseRunResults(text: string, path: string): LastRun {
  const { metadata, results, args } = parseFile(text, path);
  const ran = results.filter(({ status, execution_time }) => status !== 'skipped' && (execution_time ?? 0) > 0);
  return {
    runId: metadata.invocation_id ?? null,
    command: typeof args.which === 'string' ? args.which : null,
    args,
    statuses: new Map(results.map(({ unique_id, status }) => [nodeIdOf(unique_id), status])),
    durationsMs: new Map(ran.map(({ unique_id, execution_time }) => [nodeIdOf(unique_id), (execution_time ?? 0) * 1000])),
  };
}

function parseFile(text: string, path: string): z.infer<typeof RunResultsFile> {
  try {
    return RunResultsFile.parse(JSON.parse(text));
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): GccflowError {
  const reason = cause instanceof z.ZodError ? 'it is no run_results file' : messageOf(cause);
  const hint = 'Run or build again: it writes the file anew.';
  return new GccflowError('ARTIFACT_MISSING', `'${path}' cannot be read: ${reason}.`, { hint, cause });
}
