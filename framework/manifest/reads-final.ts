import type { Node } from './manifest.ts';

/** Engines whose rows replace or cancel each other only when read with FINAL, or after a merge. */
const foldingEngine = /^\s*(Shared|Replicated)?(Replacing|Collapsing|VersionedCollapsing|Coalescing)MergeTree\b/i;

/** Whether tests and syncs read the node with FINAL, so that a key's earlier rows do not count. */
export function readsFinal(node: Node): boolean {
  if (node.kind !== 'model' && node.kind !== 'seed') return false;
  const { materialized, engine } = node.config;
  return materialized !== 'view' && materialized !== 'ephemeral' && foldingEngine.test(engine);
}
