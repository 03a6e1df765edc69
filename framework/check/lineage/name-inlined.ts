import type { Manifest } from '../../manifest/manifest.ts';
import { withChanges } from '../../manifest/render-sql.ts';

/** The graph whose SQL reads ephemeral models by their names instead of holding theirs, so that each has a place of its own in what columns come from. */
export function nameInlined(manifest: Manifest): Manifest {
  const inlined = [...manifest.nodes.values()].filter((node) => node.kind === 'model' && node.config.materialized === 'ephemeral');
  if (inlined.length === 0) return manifest;
  const nodes = new Map(manifest.nodes);
  for (const node of inlined) {
    if (node.kind === 'model') nodes.set(node.id, { ...node, config: { ...node.config, materialized: 'view' } });
  }
  return withChanges(manifest, { nodes });
}
