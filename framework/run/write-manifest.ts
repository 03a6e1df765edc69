import type { Manifest } from '../manifest/manifest.ts';
import type { artifactWriter } from './artifact-writer.ts';
import { readFactsCache, writeFactsCache } from './facts-cache.ts';
import { formatManifest } from './format-manifest.ts';
import type { Invocation } from './invocation.ts';
import type { RanNodes } from './node-words.ts';

/** Writes manifest.json. What later comparisons need of nodes that did not change since the last one is taken from the cache. */
export async function writeManifest(
  manifest: Manifest,
  {
    invocation,
    ran,
    write,
  }: { readonly invocation: Invocation; readonly ran: RanNodes; readonly write: ReturnType<typeof artifactWriter> },
): Promise<void> {
  readFactsCache(manifest);
  await write('manifest.json', JSON.stringify(formatManifest(manifest, invocation, ran)));
  writeFactsCache(manifest);
}
