import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../manifest/manifest.ts';
import { type ArtifactPlace, artifactWriter } from './artifact-writer.ts';
import { formatSources } from './format-sources.ts';
import type { FreshnessResult } from './freshness.ts';
import type { Invocation } from './invocation.ts';
import { previousSourcesFile, sourcesFile } from './read-sources.ts';

/** Writes sources.json, and keeps the one before it as sources.previous.json, so that what has become fresher can be told. */
export async function writeSources(
  result: FreshnessResult,
  manifest: Manifest,
  { invocation, ...place }: ArtifactPlace & { readonly invocation: Invocation },
): Promise<void> {
  const write = artifactWriter(manifest, place);
  const last = await readFile(join(place.targetDir, sourcesFile), 'utf8').catch(() => null);
  if (last !== null) await write(previousSourcesFile, last);
  await write(sourcesFile, JSON.stringify(formatSources(result, manifest, invocation)));
}
