import { formatAge } from '../foundation/duration.ts';
import type { Manifest, NodeId, SourceNode } from '../manifest/manifest.ts';
import { ageMs, type DatedSource, isDated, isFresh, type SourceFreshness } from './freshness.ts';

/** Sources that may not be built on, each with the reason, as the end of a sentence that names it. */
export type StaleSources = ReadonlyMap<NodeId, string>;

/** The dated sources that nodes are made of. What a source is itself made of was loaded from elsewhere, and does not count. */
export function datedSourcesOf(nodes: Iterable<NodeId>, { nodes: known, parents }: Manifest): DatedSource[] {
  const read = reachToSources(
    [...nodes].filter((id) => known.get(id)?.kind !== 'source'),
    parents,
    known,
  );
  const sources = [...read].map((id) => known.get(id)).filter((node): node is SourceNode => node?.kind === 'source');
  return sources.filter(isDated);
}

/** The nodes that are made of stale sources, each with one of these. */
export function nodesBelow(stale: StaleSources, { nodes, children }: Manifest): ReadonlyMap<NodeId, NodeId> {
  const below = new Map<NodeId, NodeId>();
  for (const source of stale.keys()) {
    for (const id of reachToSources([source], children, nodes)) if (!below.has(id)) below.set(id, source);
  }
  return below;
}

/** Everything along the edges, but nothing beyond a source. */
function reachToSources(starts: readonly NodeId[], edges: ReadonlyMap<NodeId, readonly NodeId[]>, nodes: Manifest['nodes']): Set<NodeId> {
  const reached = new Set<NodeId>();
  const stack = [...starts];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    for (const next of edges.get(id) ?? []) {
      if (reached.has(next)) continue;
      reached.add(next);
      if (nodes.get(next)?.kind !== 'source') stack.push(next);
    }
  }
  return reached;
}

/** Those of the checked sources that may not be built on. */
export function staleSources(checked: readonly SourceFreshness[], { nodes }: Manifest): StaleSources {
  return new Map(checked.filter((source) => !isFresh(source)).map((source) => [source.node, reasonOf(source, nodes)]));
}

function reasonOf({ node: id, reading, error }: SourceFreshness, nodes: Manifest['nodes']): string {
  if (reading === null) return `of unknown age: ${error?.message ?? ''}`;
  const node = nodes.get(id);
  const allowed = (node?.kind === 'source' ? node.freshness?.errorAfterMs : null) ?? 0;
  return `too old: ${formatAge(ageMs(reading))}, and ${formatAge(allowed)} is allowed`;
}
