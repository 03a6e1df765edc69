import { alg, Graph } from '@dagrejs/graphlib';
import type { NodeId } from './manifest.ts';

/** Edges of a graph, from each node to what it reads. */
export type Parents = ReadonlyMap<NodeId, readonly NodeId[]>;

/** Nodes that depend on each other in a circle, as a walk that ends where it began: `a, b, a`. */
export type Cycle = readonly NodeId[];

/**
 * Nodes so that every one stands behind its parents; those that lie in a circle, or depend on one, are left out.
 * Iterative: graphlib's own `topsort` is recursive, and a chain of 10,000 models overflows its stack. Its `dijkstra` is not.
 */
export function sortTopologically(parents: Parents): NodeId[] {
  const children = invert(parents);
  const missing = new Map([...parents].map(([node, above]) => [node, above.length]));
  const sorted = [...parents.keys()].filter((node) => missing.get(node) === 0);
  for (const node of sorted) {
    for (const child of children.get(node) ?? []) {
      const left = (missing.get(child) ?? 0) - 1;
      missing.set(child, left);
      if (left === 0) sorted.push(child);
    }
  }
  return sorted;
}

/**
 * Nodes and all they depend on, every one behind its parents and as near to its first child as can be; null where some lie in a circle.
 * Faster than `sortTopologically`, which needs to know the children.
 */
export function sortDepthFirst(nodes: Iterable<NodeId>, parents: Parents): NodeId[] | null {
  const sorted: NodeId[] = [];
  const isSorted = new Map<NodeId, boolean>(); // false: on the way from a child that is not sorted yet
  for (const start of nodes) {
    const stack = [start];
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      const known = isSorted.get(node);
      if (known === undefined) {
        isSorted.set(node, false);
        const above = parents.get(node) ?? [];
        for (let index = above.length - 1; index >= 0; index--) {
          const parent = above[index] as NodeId;
          const state = isSorted.get(parent);
          if (state === false) return null;
          if (state === undefined) stack.push(parent);
        }
        continue;
      }
      if (!known) sorted.push(node);
      isSorted.set(node, true);
      stack.pop();
    }
  }
  return sorted;
}

/** Circles that share no node, each once and as short as can be; none where the graph is as it should be. */
export function findCycles(parents: Parents): Cycle[] {
  if (sortDepthFirst(parents.keys(), parents) !== null) return [];
  const cycles: Cycle[] = [];
  for (let core = cyclicCore(parents); core.size > 0; ) {
    const [first] = [...core.keys()].toSorted() as [NodeId];
    const cycle = walkAround(first, core);
    if (cycle) cycles.push(cycle);
    core = cyclicCore(without(cycle ?? [first], core));
  }
  return cycles;
}

/** Edges turned round: from each node to those that read it. */
export function invert(parents: Parents): Map<NodeId, NodeId[]> {
  const children = new Map<NodeId, NodeId[]>();
  for (const node of parents.keys()) children.set(node, []);
  for (const [node, above] of parents) for (const parent of above) children.get(parent)?.push(node);
  return children;
}

/** What is left when nodes without parents or without children are taken away, again and again. */
function cyclicCore(parents: Parents): Parents {
  const sorted = sortTopologically(parents);
  if (sorted.length === parents.size) return new Map();
  const upper = without(sorted, parents);
  return without(sortTopologically(invert(upper)), upper);
}

function without(nodes: readonly NodeId[], parents: Parents): Parents {
  const gone = new Set(nodes);
  const left = [...parents].filter(([node]) => !gone.has(node));
  return new Map(left.map(([node, above]) => [node, above.filter((parent) => !gone.has(parent))]));
}

/** The shortest walk from a node back to itself, in the direction of "depends on"; null where there is none. */
function walkAround(first: NodeId, parents: Parents): Cycle | null {
  const graph = new Graph();
  for (const [node, above] of parents) for (const parent of above) graph.setEdge(node, parent);
  if (parents.get(first)?.includes(first)) return [first, first];
  const ways = alg.dijkstra(graph, first);
  const [last] = (graph.predecessors(first) ?? [])
    .filter((node) => Number.isFinite(ways[node]?.distance))
    .toSorted((a, b) => (ways[a]?.distance ?? 0) - (ways[b]?.distance ?? 0));
  return last === undefined ? null : [...wayTo(last, first, ways), first];
}

function wayTo(last: string, first: NodeId, ways: ReturnType<typeof alg.dijkstra>): NodeId[] {
  const way = [last as NodeId];
  for (let at = last; at !== first; ) {
    at = ways[at]?.predecessor ?? first;
    way.push(at as NodeId);
  }
  return way.reverse();
}
