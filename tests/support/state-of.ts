import type { Manifest } from '../../framework/manifest/manifest.ts';
import type { EarlierState } from '../../framework/plan/earlier-state.ts';
import { formatManifest } from '../../framework/run/format-manifest.ts';
import { parseState } from '../../framework/run/read-state.ts';

/** What `--state` reads of a manifest that a run has written. */
export function stateOf(manifest: Manifest): EarlierState {
  const startedAt = new Date(0);
  const invocation = { id: 'run', command: 'build', args: {}, startedAt, endedAt: startedAt, version: '1.0.0' };
  return parseState(JSON.stringify(formatManifest(manifest, invocation)), 'earlier/manifest.json');
}
