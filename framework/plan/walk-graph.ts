import type { NodeId } from '../manifest/manifest.ts';

/** Nodes reached from `starts` in at most `depth` steps along `edges`, without the starts themselves unless another start leads to them. */
export function reach(edges: ReadonlyMap<NodeId, readonly NodeId[]>, starts: Iterable<NodeId>, depth: number): Set<NodeId> {
  const reached = new Set<NodeId>();
  let front: Iterable<NodeId> = starts;
  for (let step = 0; step < depth; step++) {
    const next: NodeId[] = [];
    for (const id of front) {
      for (const neighbour of edges.get(id) ?? []) {
        if (reached.has(neighbour)) continue;
        reached.add(neighbour);
        next.push(neighbour);
      }
    }
    if (next.length === 0) break;
    front = next;
  }
  return reached;
}
