import { alg, Graph } from '@dagrejs/graphlib';
import type { NodeId } from './manifest.ts';

/** A set of nodes that depend on each other in a circle, as a walk that ends where it began: `a, b, a`. */
export type Cycle = readonly NodeId[];

/** One walk for each set of nodes that lie in a circle; none where the graph is as it should be. */
export function findCycles(parents: ReadonlyMap<NodeId, readonly NodeId[]>): Cycle[] {
  const graph = toGraph(parents);
  return alg.findCycles(graph).map((component) => walkAround(component.toSorted() as NodeId[], parents));
}

/** Nodes so that every one stands behind its parents. The graph must have no cycle. */
export function sortTopologically(parents: ReadonlyMap<NodeId, readonly NodeId[]>): NodeId[] {
  return alg.topsort(toGraph(parents)) as NodeId[];
}

function toGraph(parents: ReadonlyMap<NodeId, readonly NodeId[]>): Graph {
  const graph = new Graph();
  for (const node of parents.keys()) graph.setNode(node);
  for (const [node, above] of parents) for (const parent of above) graph.setEdge(parent, node);
  return graph;
}

/** The shortest way from the first node of a circle back to itself, in the direction of "depends on". */
function walkAround(component: readonly NodeId[], parents: ReadonlyMap<NodeId, readonly NodeId[]>): Cycle {
  const [first] = component as readonly [NodeId, ...NodeId[]];
  const inside = new Set(component);
  const cameFrom = new Map<NodeId, NodeId>();
  const queue: NodeId[] = [first];
  for (const node of queue) {
    for (const parent of parents.get(node) ?? []) {
      if (parent === first) return [...wayTo(node, first, cameFrom), first];
      if (!inside.has(parent) || cameFrom.has(parent)) continue;
      cameFrom.set(parent, node);
      queue.push(parent);
    }
  }
  return [first, first];
}

function wayTo(node: NodeId, first: NodeId, cameFrom: ReadonlyMap<NodeId, NodeId>): NodeId[] {
  const way = [node];
  for (let at = node; at !== first; ) {
    at = cameFrom.get(at) ?? first;
    way.unshift(at);
  }
  return way;
}
