import type { Manifest, ModelNode, NodeId } from '../../manifest/manifest.ts';
import type { TypedColumn } from '../checked-graph.ts';
import type { ModelReading } from '../lineage/model-reading.ts';
import { sqlTokens } from '../sql-tokens.ts';

/** Engines whose sorting key says which rows are one, so that readers have no say in it. */
const keyMeansMore = /^(Replicated|Shared)?(Replacing|Summing|Aggregating|Collapsing|VersionedCollapsing|Coalescing|Graphite)\w*MergeTree/;

export interface UselessOrderBy {
  /** The column that the table is sorted by first. */
  readonly column: string;
  /** What readers choose rows by instead. */
  readonly instead: readonly string[];
}

/**
 * That a model's table is sorted by a column first by which no model that reads it filters, joins, groups or sorts, while some do so by others. null where that is
 * not so or not known: to who reads every row, no key is better than another.
 */
export function uselessOrderBy(
  node: ModelNode,
  columns: readonly TypedColumn[],
  manifest: Manifest,
  readings: ReadonlyMap<NodeId, ModelReading>,
): UselessOrderBy | null {
  const [first] = [node.config.order_by].flat();
  const isTable = node.config.materialized !== 'view' && node.config.materialized !== 'ephemeral';
  if (!first || !isTable || keyMeansMore.test(node.config.engine)) return null;
  const column = firstColumn(String(first), columns);
  const readers = (manifest.children.get(node.id) ?? []).filter((id) => manifest.nodes.get(id)?.kind === 'model');
  const lineages = readers.map((id) => readings.get(id)?.lineage);
  if (column === null || lineages.some((lineage) => lineage?.kind !== 'known')) return null;
  const chosenBy = lineages
    .flatMap((lineage) => (lineage?.kind === 'known' ? lineage.influences : []))
    .filter(({ relation }) => relation === node.id);
  const instead = [...new Set(chosenBy.map((ref) => ref.column))].sort();
  return instead.length === 0 || instead.includes(column) ? null : { column, instead };
}

function firstColumn(key: string, columns: readonly TypedColumn[]): string | null {
  const names = new Set(columns.map(({ name }) => name));
  return sqlTokens(key).find(({ kind, value }) => (kind === 'word' || kind === 'quoted') && names.has(value))?.value ?? null;
}
