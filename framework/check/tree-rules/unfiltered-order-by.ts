import type { Manifest, ModelNode, NodeId } from '../../manifest/manifest.ts';
import type { TypedColumn } from '../checked-graph.ts';
import { type ColumnRef, refKey } from '../lineage/column-ref.ts';
import type { ModelReading } from '../lineage/model-reading.ts';
import { sqlTokens } from '../sql-tokens.ts';

/** Engines whose sorting key says which rows are one, so that readers have no say in it. */
const keyMeansMore = /^(Replicated|Shared)?(Replacing|Summing|Aggregating|Collapsing|VersionedCollapsing|Coalescing|Graphite)\w*MergeTree/;

/** What reads these filters what they read. */
const passesFilters: ReadonlySet<string> = new Set(['view', 'ephemeral']);

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
  if (column === null || isUsed({ relation: node.id, column }, manifest, readings)) return null;
  const lineages = readersOf(node.id, manifest).flatMap(({ id }) => readings.get(id)?.lineage ?? []);
  const influences = lineages.flatMap((lineage) => (lineage.kind === 'known' ? lineage.influences : []));
  const instead = [...new Set(influences.filter(({ relation }) => relation === node.id).map((ref) => ref.column))].sort();
  return instead.length === 0 ? null : { column, instead };
}

/** Whether a model chooses rows by a column, itself or behind a view; true where that is not known. */
function isUsed(ref: ColumnRef, manifest: Manifest, readings: ReadonlyMap<NodeId, ModelReading>): boolean {
  return readersOf(ref.relation, manifest).some((reader) => {
    const lineage = readings.get(reader.id)?.lineage;
    if (lineage?.kind !== 'known' || lineage.influences.some((other) => refKey(other) === refKey(ref))) return true;
    const passed = passesFilters.has(reader.config.materialized) ? lineage.columns : [];
    const copies = passed.filter(({ from }) => from.some((other) => refKey(other) === refKey(ref)));
    return copies.some(({ name }) => isUsed({ relation: reader.id, column: name }, manifest, readings));
  });
}

function readersOf(id: NodeId, manifest: Manifest): readonly ModelNode[] {
  return (manifest.children.get(id) ?? []).flatMap((child) => {
    const reader = manifest.nodes.get(child);
    return reader?.kind === 'model' ? [reader] : [];
  });
}

function firstColumn(key: string, columns: readonly TypedColumn[]): string | null {
  const names = new Set(columns.map(({ name }) => name));
  return sqlTokens(key).find(({ kind, value }) => (kind === 'word' || kind === 'quoted') && names.has(value))?.value ?? null;
}
