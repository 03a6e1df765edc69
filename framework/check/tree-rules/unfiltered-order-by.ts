import type { Manifest, ModelNode, NodeId } from '../../manifest/manifest.ts';
import type { TypedColumn } from '../checked-graph.ts';
import type { ModelReading } from '../lineage/model-reading.ts';
import { sqlTokens } from '../sql-tokens.ts';

/** Engines whose sorting key says which rows are one, so that readers have no say in it. */
const keyMeansMore = /^(Replicated|Shared)?(Replacing|Summing|Aggregating|Collapsing|VersionedCollapsing|Coalescing|Graphite)\w*MergeTree/;

/**
 * The column that a model's table is sorted by first, where models read it and none of them filters, joins, groups or sorts by it; null otherwise, and where that
 * is not known of a reader.
 */
export function uselessOrderBy(
  node: ModelNode,
  columns: readonly TypedColumn[],
  manifest: Manifest,
  readings: ReadonlyMap<NodeId, ModelReading>,
): string | null {
  const [first] = [node.config.order_by].flat();
  if (!first || node.config.materialized === 'view' || node.config.materialized === 'ephemeral' || keyMeansMore.test(node.config.engine))
    return null;
  const column = firstColumn(String(first), columns);
  const lineages = (manifest.children.get(node.id) ?? []).flatMap((id) => readings.get(id)?.lineage ?? []);
  if (column === null || lineages.length === 0) return null;
  const isUsed = lineages.some(
    (lineage) => lineage.kind === 'unknown' || lineage.influences.some((ref) => ref.relation === node.id && ref.column === column),
  );
  return isUsed ? null : column;
}

function firstColumn(key: string, columns: readonly TypedColumn[]): string | null {
  const names = new Set(columns.map(({ name }) => name));
  return sqlTokens(key).find(({ kind, value }) => (kind === 'word' || kind === 'quoted') && names.has(value))?.value ?? null;
}
