import type { Manifest, ModelNode, NodeId, SeedNode } from '../manifest/manifest.ts';
import type { Relation } from '../manifest/relation.ts';
import { withChanges } from '../manifest/render-sql.ts';

/** The models and seeds that selected nodes read, also through ephemeral ones, and that are not selected themselves: what may be deferred. */
export function findUnselected(manifest: Manifest, selected: Iterable<NodeId>): (ModelNode | SeedNode)[] {
  const chosen = new Set(selected);
  const found = new Map<NodeId, ModelNode | SeedNode>();
  const open = [...chosen];
  const seen = new Set(open);
  for (const id of open) {
    for (const parent of manifest.parents.get(id) ?? []) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      const node = manifest.nodes.get(parent);
      if (node?.kind === 'model' && node.config.materialized === 'ephemeral') open.push(parent);
      else if (node?.kind === 'model' || node?.kind === 'seed') found.set(parent, node);
    }
  }
  return [...found.values()];
}

/** All models and seeds that have a relation. */
export function findDeferrable({ nodes }: Manifest): (ModelNode | SeedNode)[] {
  return [...nodes.values()].filter(
    (node): node is ModelNode | SeedNode => node.kind === 'seed' || (node.kind === 'model' && node.config.materialized !== 'ephemeral'),
  );
}

/** The same graph, in which whatever reads one of these nodes reads the given relation instead. */
export function deferRefs(manifest: Manifest, relations: ReadonlyMap<NodeId, Relation>): Manifest {
  const nodes = new Map(manifest.nodes);
  for (const [id, relation] of relations) {
    const node = nodes.get(id);
    if (node?.kind === 'model' || node?.kind === 'seed') nodes.set(id, { ...node, relation });
  }
  return withChanges(manifest, { nodes });
}
