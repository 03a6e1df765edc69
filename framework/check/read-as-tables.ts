import type { Manifest, NodeId } from '../manifest/manifest.ts';
import { readsFinal } from '../manifest/reads-final.ts';

/** What only tables of the MergeTree family have: FINAL, PREWHERE, SAMPLE, and columns about their parts. */
const onlyTables = /\b(?:final|prewhere|sample|_part\w*|_row_\w+|_block_\w+|_sample_factor)\b/i;

/**
 * Relations that must be tables of their own engine while the graph is checked; the others may be of one that costs nothing to create.
 * A template may get such words from any macro, so a macro that holds one counts for all that call macros.
 */
export function readAsTables(manifest: Manifest): ReadonlySet<NodeId> {
  const ids = new Set<NodeId>();
  const inMacros = [...manifest.macros.values()].some(({ template }) => onlyTables.test(template.text));
  for (const node of manifest.nodes.values()) {
    if (readsFinal(node) && (manifest.children.get(node.id) ?? []).some((id) => manifest.nodes.get(id)?.kind === 'test')) ids.add(node.id);
    if (!('template' in node)) continue;
    const mayCall = inMacros && (node.template.macros.length > 0 || node.template.helpers.length > 0);
    if (!mayCall && !onlyTables.test(node.template.text)) continue;
    for (const id of sourcesOf(node.id, manifest)) ids.add(id);
    if (node.kind === 'model') ids.add(node.id); // by {{this}}
  }
  return ids;
}

/** What a node reads, through inline models. */
function sourcesOf(id: NodeId, { nodes, parents }: Manifest): ReadonlySet<NodeId> {
  const all = new Set(parents.get(id) ?? []);
  for (const parent of all) {
    const node = nodes.get(parent);
    if (node?.kind === 'model' && node.config.materialized === 'ephemeral') for (const above of parents.get(parent) ?? []) all.add(above);
  }
  return all;
}
