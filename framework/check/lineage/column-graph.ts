import type { Manifest, Node, NodeId } from '../../manifest/manifest.ts';
import type { CheckedGraph } from '../checked-graph.ts';
import { type ColumnRef, refKey } from './column-ref.ts';
import type { ModelLineage, ModelReading } from './model-reading.ts';
import { type ColumnOrigin, filledColumns, sinkColumns, syncColumns } from './stream-lineage.ts';

/** The columns of the whole project and what each comes from, from the API to the served column. */
export interface ColumnGraph {
  /** Columns of every node that has some, in their order. */
  readonly columns: ReadonlyMap<NodeId, readonly string[]>;
  /** Columns that the values of a column are computed of, one step up. */
  parentsOf(ref: ColumnRef): readonly ColumnRef[];
  /** Columns whose values are computed of a column, one step down. */
  childrenOf(ref: ColumnRef): readonly ColumnRef[];
  /** Columns that decide which rows a model has: filters, keys, limits. */
  influencesOn(model: NodeId): readonly ColumnRef[];
  /** Models whose rows a column decides about. */
  influencedBy(ref: ColumnRef): readonly NodeId[];
  /** Models that name a column or cover it by `*`. */
  readersOf(ref: ColumnRef): readonly NodeId[];
  /** Models whose lineage is not known, and why. */
  readonly unknown: ReadonlyMap<NodeId, string>;
}

/** The graph of columns, of what was read of each model. */
export function buildColumnGraph(manifest: Manifest, graph: CheckedGraph, readings: ReadonlyMap<NodeId, ModelReading>): ColumnGraph {
  const lineages = new Map([...readings].map(([id, { lineage }]) => [id, lineage]));
  const columns = new Map<NodeId, readonly string[]>();
  const parents = new Map<string, readonly ColumnRef[]>();
  for (const node of manifest.nodes.values()) {
    const origins = originsIn(node, { manifest, graph, lineage: lineages.get(node.id) });
    if (origins.length > 0) columns.set(node.id, [...new Set(origins.map(({ name }) => name))]);
    for (const { name, from } of origins) parents.set(refKey({ relation: node.id, column: name }), from);
  }
  const known = [...lineages].flatMap(([id, lineage]) => (lineage.kind === 'known' ? [[id, lineage] as const] : []));
  const influences = new Map(known.map(([id, lineage]) => [id, lineage.influences]));
  const unknown = new Map([...lineages].flatMap(([id, lineage]) => (lineage.kind === 'unknown' ? [[id, lineage.why] as const] : [])));
  const children = childrenByParent(columns, parents);
  const influenced = namedBy(influences);
  const readers = namedBy(new Map(known.map(([id, { reads }]) => [id, reads])));
  return {
    columns,
    unknown,
    parentsOf: (ref) => parents.get(refKey(ref)) ?? [],
    childrenOf: (ref) => children.get(refKey(ref)) ?? [],
    influencesOn: (model) => influences.get(model) ?? [],
    influencedBy: (ref) => influenced.get(refKey(ref)) ?? [],
    readersOf: (ref) => readers.get(refKey(ref)) ?? [],
  };
}

interface Known {
  readonly manifest: Manifest;
  readonly graph: CheckedGraph;
  readonly lineage: ModelLineage | undefined;
}

function originsIn(node: Node, { manifest, graph, lineage }: Known): readonly ColumnOrigin[] {
  const names = graph.relations.get(node.id)?.columns.map(({ name }) => name) ?? [];
  switch (node.kind) {
    case 'sync':
      return syncColumns(node, graph);
    case 'sink':
      return sinkColumns(node, manifest);
    case 'source':
      return filledColumns(node, names, manifest);
    case 'flow':
      return Object.keys(node.flow.output ?? {}).map((name) => ({ name, from: [] }));
    default: {
      const read = lineage?.kind === 'known' ? lineage.columns : [];
      const others = names.filter((name) => !read.some((column) => column.name === name)); // such as those that a snapshot adds
      return [...read, ...others.map((name) => ({ name, from: [] }))];
    }
  }
}

function childrenByParent(
  columns: ReadonlyMap<NodeId, readonly string[]>,
  parents: ReadonlyMap<string, readonly ColumnRef[]>,
): ReadonlyMap<string, readonly ColumnRef[]> {
  const children = new Map<string, ColumnRef[]>();
  for (const [relation, names] of columns) {
    for (const child of names.map((column) => ({ relation, column }))) {
      for (const parent of parents.get(refKey(child)) ?? []) append(children, refKey(parent), child);
    }
  }
  return children;
}

/** By column the models that name it. */
function namedBy(refs: ReadonlyMap<NodeId, readonly ColumnRef[]>): ReadonlyMap<string, readonly NodeId[]> {
  const models = new Map<string, NodeId[]>();
  for (const [id, named] of refs) for (const ref of named) append(models, refKey(ref), id);
  return models;
}

function append<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}
