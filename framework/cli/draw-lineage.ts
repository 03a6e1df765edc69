import { nameOfColumn } from '../check/lineage/find-columns.ts';
import type { LineageEdge, LineagePoint } from '../check/lineage/walk-lineage.ts';

/** The edges as a Graphviz digraph: a box a node of the project, holding its columns. Dashed edges decide rows. */
export function drawDot(points: readonly LineagePoint[], edges: readonly LineageEdge[]): string {
  const { ids, groups } = gather(points, edges);
  const clusters = [...groups].flatMap(([relation, members], index) => [
    `  subgraph cluster_${index} {`,
    `    label=${dotText(nameOfColumn({ relation, column: null }))};`,
    ...members.map((point) => `    ${ids.get(keyOf(point))} [label=${dotText(point.column ?? 'rows')}];`),
    '  }',
  ]);
  const arrows = edges.map(
    ({ from, to, by }) => `  ${ids.get(keyOf(from))} -> ${ids.get(keyOf(to))}${by === 'value' ? '' : ' [style=dashed]'};`,
  );
  return ['digraph lineage {', '  rankdir=LR;', '  node [shape=box];', ...clusters, ...arrows, '}'].join('\n');
}

/** The same for Mermaid, which Markdown shows as a picture. */
export function drawMermaid(points: readonly LineagePoint[], edges: readonly LineageEdge[]): string {
  const { ids, groups } = gather(points, edges);
  const boxes = [...groups].flatMap(([relation, members], index) => [
    `  subgraph g${index}[${mermaidText(nameOfColumn({ relation, column: null }))}]`,
    ...members.map((point) => `    ${ids.get(keyOf(point))}[${mermaidText(point.column ?? 'rows')}]`),
    '  end',
  ]);
  const arrows = edges.map(({ from, to, by }) => `  ${ids.get(keyOf(from))} ${by === 'value' ? '-->' : '-.->'} ${ids.get(keyOf(to))}`);
  return ['flowchart LR', ...boxes, ...arrows].join('\n');
}

/** Ids of the points, free of what a drawing language may not like, and the points of each node of the project. */
function gather(points: readonly LineagePoint[], edges: readonly LineageEdge[]) {
  const all = new Map([...points, ...edges.flatMap(({ from, to }) => [from, to])].map((point) => [keyOf(point), point]));
  const ids = new Map([...all.keys()].map((key, index) => [key, `c${index}`]));
  return { ids, groups: Map.groupBy(all.values(), ({ relation }) => relation) };
}

function dotText(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', ' ')}"`;
}

function mermaidText(text: string): string {
  return `"${text.replaceAll('#', '#35;').replaceAll('"', '#quot;').replaceAll('\n', ' ')}"`;
}

function keyOf({ relation, column }: LineagePoint): string {
  return JSON.stringify([relation, column]);
}
