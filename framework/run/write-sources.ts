import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../manifest/manifest.ts';
import { formatSources } from './format-sources.ts';
import type { FreshnessResult } from './freshness.ts';
import type { Invocation } from './invocation.ts';
import { previousSourcesFile, sourcesFile } from './read-sources.ts';
import { replaceFile } from './replace-file.ts';

/** Writes sources.json, and keeps the one before it as sources.previous.json, so that what has become fresher can be told. */
export async function writeSources(
  result: FreshnessResult,
  manifest: Manifest,
  {
    targetDir,
    invocation,
    redact,
  }: { readonly targetDir: string; readonly invocation: Invocation; readonly redact: (text: string) => string },
): Promise<void> {
  const path = join(targetDir, sourcesFile);
  const last = await readFile(path, 'utf8').catch(() => null);
  if (last !== null) await replaceFile(join(targetDir, previousSourcesFile), last);
  await replaceFile(path, redact(JSON.stringify(formatSources(result, manifest, invocation))));
}
