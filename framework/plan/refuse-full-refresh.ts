import { GccflowError } from '../foundation/error.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';

/** Throws FULL_REFRESH_REFUSED where a node's config forbids what `--full-refresh` asks for. */
export function refuseFullRefresh(nodes: readonly (ModelNode | SeedNode)[]): void {
  const refusing = nodes.filter(
    ({ kind, config }) => config.full_refresh === false && (kind === 'seed' || config.materialized === 'incremental'),
  );
  if (refusing.length === 0) return;
  const names = refusing.map(({ name }) => `'${name}'`).join(', ');
  throw new GccflowError(
    'FULL_REFRESH_REFUSED',
    `--full-refresh would rebuild ${names}, whose config says 'full_refresh: false'. Nothing was run.`,
    { hint: `Leave ${refusing.length === 1 ? 'it' : 'them'} out with --exclude, or remove the guard from the config.` },
  );
}
