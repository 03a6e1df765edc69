import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { NodeId } from '../manifest/manifest.ts';
import type { FreshnessStatus } from './freshness.ts';
import { nodeIdOf } from './unique-id.ts';

/** The part of sources.json that gccflow reads back. dbt's own files have it too. */
const SourcesFile = z.object({
  results: z.array(
    z.object({
      unique_id: z.string(),
      status: z.enum(['pass', 'warn', 'error', 'runtime error'] satisfies FreshnessStatus[]),
      max_loaded_at: z.string().pipe(z.coerce.date()).nullish(),
    }),
  ),
});

/** What one source was found to be. */
export interface ReadFreshness {
  readonly status: FreshnessStatus;
  /** null for a runtime error. */
  readonly maxLoadedAt: Date | null;
}

export type ReadSources = ReadonlyMap<NodeId, ReadFreshness>;

/** What the last check of freshness found, and the one before it; null where there was none. */
export interface LastSources {
  readonly current: ReadSources | null;
  readonly previous: ReadSources | null;
}

export const sourcesFile = 'sources.json';
export const previousSourcesFile = 'sources.previous.json';

/** Both files of `targetDir`. Throws ARTIFACT_MISSING where one is there and not readable. */
export async function readSources(targetDir: string): Promise<LastSources> {
  const [current, previous] = await Promise.all([sourcesFile, previousSourcesFile].map((file) => readSourcesFile(join(targetDir, file))));
  return { current: current ?? null, previous: previous ?? null };
}

/** One sources.json, ours or dbt's; null where it is not there. Throws ARTIFACT_MISSING where it is not readable. */
export async function readSourcesFile(path: string): Promise<ReadSources | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw unreadable(path, error);
  });
  return text === null ? null : parseSources(text, path);
}

/** What the text of a sources.json says; `path` is for the error. Throws ARTIFACT_MISSING. */
export function parseSources(text: string, path: string): ReadSources {
  try {
    const { results } = SourcesFile.parse(JSON.parse(text));
    return new Map(
      results.map(({ unique_id, status, max_loaded_at }) => [nodeIdOf(unique_id), { status, maxLoadedAt: max_loaded_at ?? null }]),
    );
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): GccflowError {
  const reason = cause instanceof z.ZodError ? 'it is no sources file' : messageOf(cause);
  const hint = 'Check the freshness again: `gccflow freshness` writes the file anew.';
  return new GccflowError('ARTIFACT_MISSING', `'${path}' cannot be read: ${reason}.`, { hint, cause });
}
