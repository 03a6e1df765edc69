import type { Manifest, Node, NodeId } from '../manifest/manifest.ts';
import type { StateComparison } from './compare-state.ts';
import { type ChangedColumn, type CheckedColumns, diffColumns } from './diff-columns.ts';
import type { FactName } from './node-facts.ts';
import { reach } from './walk-graph.ts';

/** What a project changes against an earlier state, and who reads it. Everything in order of kind and name. */
export interface StateDiff {
  /** The manifest it is held against. */
  readonly state: string;
  readonly nodes: readonly ChangedNode[];
  readonly columns: readonly ChangedColumn[];
  readonly consumers: readonly Consumer[];
  /** Nodes of which the state holds no facts: only their templates were compared. */
  readonly comparedByTemplate: number;
}

export interface ChangedNode {
  readonly node: NodeId;
  readonly file: string;
  readonly change: 'new' | 'modified' | 'removed';
  /** What a modified node differs in. */
  readonly in: readonly FactName[];
}

/** A model, sync, exposure or stream that is made of what changed. */
export interface Consumer {
  readonly node: NodeId;
  /** The changed nodes it is made of. */
  readonly of: readonly NodeId[];
}

/** What checks found of both. */
export interface CheckedStates {
  readonly earlier: CheckedColumns;
  readonly present: CheckedColumns;
  /** What reads a column of a relation. */
  readonly readersOf: (relation: NodeId, column: string) => readonly NodeId[];
}

/** How a manifest differs from the state it is compared with. Pure. */
export function diffState(manifest: Manifest, comparison: StateComparison, checked: CheckedStates | null): StateDiff {
  const present = [...manifest.nodes.values()];
  const modified = present.filter((node) => comparison.isModified(node));
  const nodes = [
    ...modified.map(
      (node): ChangedNode => ({
        node: node.id,
        file: node.file,
        change: comparison.isNew(node) ? 'new' : 'modified',
        in: comparison.changesOf(node),
      }),
    ),
    ...comparison.removed().map(({ id, file }): ChangedNode => ({ node: id, file, change: 'removed', in: [] })),
  ].toSorted(byNode);
  const { earlier } = comparison;
  return {
    state: earlier.from,
    nodes,
    columns: diffColumns(present, earlier, checked).toSorted(byNode),
    consumers: findConsumers(manifest, comparison, nodes),
    comparedByTemplate: present.filter(({ id }) => earlier.nodes.get(id)?.facts === null).length,
  };
}

const isTest = (id: NodeId): boolean => /^(unit_)?test\./.test(id);

/** What is below each changed node, by today's graph; below a removed one, what of its readers is still there. */
function findConsumers(manifest: Manifest, comparison: StateComparison, changed: readonly ChangedNode[]): Consumer[] {
  const readersThen = comparison.readersOfEarlier();
  const changedIds = changed.filter(({ node }) => !isTest(node));
  const made = new Map<NodeId, NodeId[]>();
  for (const { node, change } of changedIds) {
    const below = reach(change === 'removed' ? readersThen : manifest.children, [node], Number.POSITIVE_INFINITY);
    for (const id of below) {
      const reader = manifest.nodes.get(id);
      if (!reader || isTest(id) || comparison.isNew(reader)) continue;
      made.set(id, [...(made.get(id) ?? []), node]);
    }
  }
  return [...made].map(([node, of]) => ({ node, of })).toSorted(byNode);
}

const kindOrder: readonly string[] = [
  'source',
  'seed',
  'model',
  'sync',
  'exposure',
  'api',
  'flow',
  'ingest',
  'sink',
  'schedule',
  'test',
] satisfies Node['kind'][];

/** In the order of the graph's kinds, then by name; tests last. */
function byNode(a: { readonly node: NodeId }, b: { readonly node: NodeId }): number {
  const rank = (id: NodeId): number => kindOrder.indexOf(id.slice(0, id.indexOf('.')));
  return rank(a.node) - rank(b.node) || (a.node < b.node ? -1 : Number(a.node > b.node));
}
