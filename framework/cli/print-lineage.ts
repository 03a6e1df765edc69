import type { ColumnGraph } from '../check/lineage/column-graph.ts';
import type { ColumnRef } from '../check/lineage/column-ref.ts';
import type { LineageEdge, LineagePoint } from '../check/lineage/walk-lineage.ts';
import type { Manifest, NodeId } from '../manifest/manifest.ts';
import { drawDot, drawMermaid } from './draw-lineage.ts';
import { formatLineage } from './format-lineage.ts';
import type { Output } from './output.ts';

export interface FoundLineage {
  readonly start: readonly ColumnRef[];
  readonly walks: readonly { readonly direction: 'upstream' | 'downstream'; readonly edges: readonly LineageEdge[] }[];
  readonly form: 'text' | 'json' | 'dot' | 'mermaid';
  readonly columns: ColumnGraph;
  readonly manifest: Manifest;
}

/** The lineage on stdout. Where it ends at a model whose own is not known, stderr says so. */
export function printLineage({ start, walks, form, columns, manifest }: FoundLineage, output: Output): void {
  const edges = walks.flatMap((walk) => walk.edges);
  const unknown = unknownAround([...start, ...edges.flatMap(({ from, to }) => [from, to])], columns, manifest);
  if (form === 'json') {
    output.printJson({
      start: start.map(jsonOf),
      edges: edges.map(({ from, to, by }) => ({ from: jsonOf(from), to: jsonOf(to), by })),
      unknown,
    });
    return;
  }
  if (form === 'dot') output.print(drawDot(start, edges));
  if (form === 'mermaid') output.print(drawMermaid(start, edges));
  if (form === 'text') {
    const sections = walks.map(
      (walk) => `${output.paint('stdout', 'bold', walk.direction)}\n${formatLineage(start, walk.edges, walk.direction)}`,
    );
    output.print(sections.join('\n\n'));
  }
  for (const [id, why] of Object.entries(unknown)) output.complain(`The lineage of '${id}' is not known, because ${why}.`);
}

/** Models without a known lineage that were come across, or that read what was. */
function unknownAround(points: readonly LineagePoint[], columns: ColumnGraph, manifest: Manifest): Readonly<Record<NodeId, string>> {
  const met = new Set(points.flatMap(({ relation }) => [relation, ...(manifest.children.get(relation) ?? [])]));
  return Object.fromEntries([...columns.unknown].filter(([id]) => met.has(id)));
}

function jsonOf({ relation, column }: LineagePoint): { node: NodeId; column: string | null } {
  return { node: relation, column };
}
