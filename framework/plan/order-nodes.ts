import type { Manifest, ModelNode, Node, NodeId, SeedNode, SyncNode, TestNode } from '../manifest/manifest.ts';
import type { PlanCommand, PlanRequest } from './plan.ts';
import { refuseFullRefresh } from './refuse-full-refresh.ts';

/** A node of a run, what it waits for, and how soon it should start. */
export type OrderedNode = { readonly waitsFor: readonly NodeId[]; readonly pathMs: number } & (
  | { readonly kind: 'build'; readonly node: ModelNode | SeedNode; readonly audits: readonly NodeId[] }
  | { readonly kind: 'test'; readonly node: TestNode }
  | { readonly kind: 'sync'; readonly node: SyncNode }
);

/** What each command runs of what is selected. */
export const kindsOf: Readonly<Record<PlanCommand, readonly Node['kind'][]>> = {
  build: ['model', 'seed', 'test', 'sync'],
  run: ['model'],
  test: ['test', 'unit_test'],
  seed: ['seed'],
  sync: ['sync'],
};

/** The selected nodes that a command runs, parents first, with the tests of a build attached to the nodes whose stages they audit. */
export function orderNodes(manifest: Manifest, { command, nodes, fullRefresh, durationsMs }: PlanRequest): OrderedNode[] {
  const selected = nodes.map((id) => nodeOf(manifest, id)).filter((node) => kindsOf[command].includes(node.kind));
  const builds = selected.filter((node) => node.kind === 'seed' || node.kind === 'model').filter((node) => !isEphemeral(node));
  const tests = selected.filter((node) => node.kind === 'test');
  const syncs = selected.filter((node) => node.kind === 'sync');
  if (fullRefresh) refuseFullRefresh(builds);

  const graph = new RunGraph(manifest, new Set(builds.map(({ id }) => id)));
  const rank = new Map(sortParentsFirst(builds, (id) => graph.nearestBuilds(id)).map((node, index) => [node.id, index]));
  const audited = attachTests(tests, graph, rank);
  const ordered = [
    ...builds
      .toSorted((a, b) => (rank.get(a.id) ?? 0) - (rank.get(b.id) ?? 0))
      .map((node) => {
        const audits = audited.get(node.id) ?? [];
        const waitsFor = unique([...graph.nearestBuilds(node.id), ...audits.flatMap((test) => graph.testedBuilds(test.id))], node.id);
        return { kind: 'build' as const, node, audits: audits.map(({ id }) => id), waitsFor };
      }),
    ...tests
      .filter((test) => graph.testedBuilds(test.id).length === 0)
      .map((node) => ({ kind: 'test' as const, node, waitsFor: graph.nearestBuilds(node.id) })),
    ...syncs.map((node) => ({ kind: 'sync' as const, node, waitsFor: graph.nearestBuilds(node.id) })),
  ];
  const pathsMs = longestPaths(ordered, durationsMs);
  return ordered.map((node, index) => ({ ...node, pathMs: pathsMs[index] ?? 0 }));
}

/** Tests by the node they audit: the last of those they read, so that the others are built by then. */
function attachTests(tests: readonly TestNode[], graph: RunGraph, rank: ReadonlyMap<NodeId, number>): Map<NodeId, TestNode[]> {
  const audited = new Map<NodeId, TestNode[]>();
  for (const test of tests) {
    const last = graph.testedBuilds(test.id).toSorted((a, b) => (rank.get(b) ?? 0) - (rank.get(a) ?? 0))[0];
    if (last === undefined) continue;
    const attached = audited.get(last);
    if (attached) attached.push(test);
    else audited.set(last, [test]);
  }
  return audited;
}

/** The edges between the builds of a run, looking through nodes that are not part of it. */
class RunGraph {
  readonly #manifest: Manifest;
  readonly #builds: ReadonlySet<NodeId>;
  readonly #nearest = new Map<NodeId, readonly NodeId[]>();

  constructor(manifest: Manifest, builds: ReadonlySet<NodeId>) {
    this.#manifest = manifest;
    this.#builds = builds;
  }

  /** The builds above a node with no other build between. */
  nearestBuilds(id: NodeId): readonly NodeId[] {
    const known = this.#nearest.get(id);
    if (known) return known;
    const parents = this.#manifest.parents.get(id) ?? [];
    const nearest = unique(parents.flatMap((parent) => (this.#builds.has(parent) ? [parent] : this.nearestBuilds(parent))));
    this.#nearest.set(id, nearest);
    return nearest;
  }

  /** The builds whose new rows a test reads: its parents, and the parents of ephemeral ones. */
  testedBuilds(id: NodeId): readonly NodeId[] {
    const parents = this.#manifest.parents.get(id) ?? [];
    return unique(
      parents.flatMap((parent) => {
        if (this.#builds.has(parent)) return [parent];
        const node = nodeOf(this.#manifest, parent);
        return isEphemeral(node) ? this.testedBuilds(parent) : [];
      }),
    );
  }
}

/** Parents first; among nodes that are free to come in any order, the given order. */
function sortParentsFirst<N extends Node>(nodes: readonly N[], parentsOf: (id: NodeId) => readonly NodeId[]): N[] {
  const byId = new Map<NodeId, N>(nodes.map((node) => [node.id, node]));
  const sorted = new Set<N>();
  const visit = (node: N): void => {
    if (sorted.has(node)) return;
    for (const parent of parentsOf(node.id)) {
      const parentNode = byId.get(parent);
      if (parentNode) visit(parentNode);
    }
    sorted.add(node);
  };
  nodes.forEach(visit);
  return [...sorted];
}

/** The longest way from each node's start to the end; nodes come parents first. */
function longestPaths(
  ordered: readonly { node: Node; waitsFor: readonly NodeId[] }[],
  durationsMs: ReadonlyMap<NodeId, number>,
): readonly number[] {
  const below = new Map<NodeId, number>();
  const paths: number[] = [];
  for (const [index, { node, waitsFor }] of [...ordered.entries()].reverse()) {
    const path = (durationsMs.get(node.id) ?? 1) + (below.get(node.id) ?? 0);
    paths[index] = path;
    for (const parent of waitsFor) below.set(parent, Math.max(below.get(parent) ?? 0, path));
  }
  return paths;
}

function isEphemeral(node: Node): boolean {
  return node.kind === 'model' && node.config.materialized === 'ephemeral';
}

function nodeOf(manifest: Manifest, id: NodeId): Node {
  const node = manifest.nodes.get(id);
  if (!node) throw new Error(`the manifest has no node '${id}'`);
  return node;
}

function unique(ids: readonly NodeId[], except?: NodeId): NodeId[] {
  return [...new Set(ids)].filter((id) => id !== except);
}
