import { join } from 'node:path';
import type { SourceNode } from '../manifest/manifest.ts';
import { type DatedSource, type FreshnessResult, isDated } from '../run/freshness.ts';
import { newId } from '../run/new-id.ts';
import { readFreshness } from '../run/read-freshness.ts';
import { writeSources } from '../run/write-sources.ts';
import type { CommandContext } from './command.ts';
import { openTargetWarehouse } from './open-connections.ts';
import type { OpenProject } from './open-project.ts';
import { readVersion } from './read-version.ts';

export interface FreshnessRequest {
  readonly sources: readonly SourceNode[];
  readonly threads: number;
  readonly waitLockMs: number;
}

/** Asks the target's warehouse how fresh sources are, as far as they declare freshness, and writes sources.json. */
export async function checkFreshness(
  { project, manifest }: OpenProject,
  { sources, threads, waitLockMs }: FreshnessRequest,
  { clock, log, signal, secrets }: CommandContext,
): Promise<FreshnessResult> {
  const dated: readonly DatedSource[] = sources.filter(isDated);
  await using warehouse = await openTargetWarehouse(project, { threads, log, signal, waitLockMs });
  const result = await readFreshness(dated, { warehouse, clock, signal, threads, runId: newId(clock) });
  const { runId, startedAt, durationMs } = result;
  await writeSources(result, manifest, {
    targetDir: join(project.dir, 'target'),
    invocation: {
      id: runId,
      command: 'freshness',
      args: {},
      startedAt,
      endedAt: new Date(startedAt.getTime() + durationMs),
      version: readVersion(),
    },
    redact: (text) => secrets.redact(text),
  });
  return result;
}
