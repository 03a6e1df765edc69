import type { Manifest, NodeId } from '../../manifest/manifest.ts';
import type { ColumnGraph } from './column-graph.ts';
import { type ColumnRef, refKey } from './column-ref.ts';

/** A column, or all of a node where `column` is null. */
export interface LineagePoint {
  readonly relation: NodeId;
  readonly column: string | null;
}

/** `value`: computed of it. `rows`: it decides which rows there are. `use`: something outside reads the relation. */
export interface LineageEdge {
  readonly from: LineagePoint;
  readonly to: LineagePoint;
  readonly by: 'value' | 'rows' | 'use';
}

export interface WalkOptions {
  readonly direction: 'upstream' | 'downstream';
  /** Steps to go. */
  readonly depth: number;
}

/**
 * What columns come from or go into, each edge once, the nearest first. Upstream the columns that decide the rows of the first models are told too; downstream
 * every model whose rows a column on the way decides, and every exposure of a relation on the way.
 */
export function walkLineage(
  start: readonly ColumnRef[],
  columns: ColumnGraph,
  manifest: Manifest,
  options: WalkOptions,
): readonly LineageEdge[] {
  const edges: LineageEdge[] = options.direction === 'upstream' ? rowsOf(start, columns) : [];
  const seen = new Set(start.map(refKey));
  let layer = start;
  for (let step = 0; step < options.depth && layer.length > 0; step++) {
    const next: ColumnRef[] = [];
    for (const ref of layer) {
      const found = options.direction === 'upstream' ? columns.parentsOf(ref) : columns.childrenOf(ref);
      edges.push(...found.map((other) => (options.direction === 'upstream' ? valueEdge(other, ref) : valueEdge(ref, other))));
      if (options.direction === 'downstream') edges.push(...leavesOf(ref, columns, manifest));
      for (const other of found) {
        if (seen.has(refKey(other))) continue;
        seen.add(refKey(other));
        next.push(other);
      }
    }
    layer = next;
  }
  return edges;
}

function valueEdge(from: ColumnRef, to: ColumnRef): LineageEdge {
  return { from, to, by: 'value' };
}

function rowsOf(start: readonly ColumnRef[], columns: ColumnGraph): LineageEdge[] {
  const relations = [...new Set(start.map(({ relation }) => relation))];
  return relations.flatMap((relation) =>
    columns.influencesOn(relation).map((from) => ({ from, to: { relation, column: null }, by: 'rows' as const })),
  );
}

function leavesOf(ref: ColumnRef, columns: ColumnGraph, manifest: Manifest): readonly LineageEdge[] {
  const influenced = columns.influencedBy(ref).map((relation) => ({ from: ref, to: { relation, column: null }, by: 'rows' as const }));
  const exposures = (manifest.children.get(ref.relation) ?? []).filter((id) => manifest.nodes.get(id)?.kind === 'exposure');
  return [...influenced, ...exposures.map((relation) => ({ from: ref, to: { relation, column: null }, by: 'use' as const }))];
}
