import { nameOfColumn } from '../check/lineage/find-columns.ts';
import type { LineageEdge, LineagePoint } from '../check/lineage/walk-lineage.ts';

/** A point next to another: for rows and uses the edge is said in words. */
interface Neighbour {
  readonly point: LineagePoint;
  readonly label: string;
}

/**
 * Edges as trees on `start`, in the direction they were walked. What was shown above with all that follows it ends in `…`. Rows that columns decide are a tree of
 * their own upstream, and a leaf downstream.
 */
export function formatLineage(start: readonly LineagePoint[], edges: readonly LineageEdge[], direction: 'upstream' | 'downstream'): string {
  const neighbours = new Map<string, Neighbour[]>();
  for (const { from, to, by } of edges) {
    const [near, far] = direction === 'upstream' ? [to, from] : [from, to];
    const label = by === 'rows' && direction === 'downstream' ? `rows of ${nameOfColumn(far)}` : nameOfColumn(far);
    neighbours.set(keyOf(near), [...(neighbours.get(keyOf(near)) ?? []), { point: far, label }]);
  }
  const shown = new Set<string>();
  const rowRoots = edges.filter(({ by }) => by === 'rows' && direction === 'upstream').map(({ to }) => to);
  const roots = [...start, ...new Map(rowRoots.map((point) => [keyOf(point), point])).values()];
  return roots.flatMap((root) => [titleOf(root), ...branches(root, '', neighbours, shown)]).join('\n');
}

function branches(
  point: LineagePoint,
  indent: string,
  neighbours: ReadonlyMap<string, readonly Neighbour[]>,
  shown: Set<string>,
): string[] {
  const next = neighbours.get(keyOf(point)) ?? [];
  shown.add(keyOf(point));
  return next.flatMap(({ point: other, label }, index) => {
    const isLast = index === next.length - 1;
    const again = shown.has(keyOf(other)) && neighbours.has(keyOf(other));
    const line = `${indent}${isLast ? '└─' : '├─'} ${label}${again ? ' …' : ''}`;
    return again ? [line] : [line, ...branches(other, `${indent}${isLast ? '   ' : '│  '}`, neighbours, shown)];
  });
}

function titleOf(point: LineagePoint): string {
  return point.column === null ? `rows of ${nameOfColumn(point)}` : nameOfColumn(point);
}

function keyOf({ relation, column }: LineagePoint): string {
  return JSON.stringify([relation, column]);
}
