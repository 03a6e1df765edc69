import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Manifest, Node, NodeId } from '../manifest/manifest.ts';
import type { CheckArtifact } from './check-artifact.ts';
import type { CheckedGraph, TypedColumn } from './checked-graph.ts';
import type { Finding } from './finding.ts';

/** The graph as it is now. */
export interface PresentGraph {
  readonly manifest: Manifest;
  readonly graph: CheckedGraph;
  /** The columns that a model reads of each of its parents; a model of which that is not known has no entry. */
  readonly reads: ReadonlyMap<NodeId, ReadonlyMap<NodeId, ReadonlySet<string>>>;
}

/**
 * COLUMN_BREAKS for every column of an earlier check that is gone, renamed or of another type while something still reads it, naming the
 * readers: models by what their SQL reads, or read then where that is not known; syncs by the columns they publish; exposures, which do
 * not say what they read, by all. What nothing reads any more may go.
 */
export function breakingChanges(earlier: CheckArtifact, present: PresentGraph): readonly Finding[] {
  return Object.entries(earlier.relations).flatMap(([id, { columns }]) => {
    const node = present.manifest.nodes.get(id as NodeId);
    const now = present.graph.relations.get(id as NodeId);
    if (!node || now === undefined || now.from === 'remembered') return [];
    const types = new Map(now.columns.map(({ name, type }) => [name, type]));
    const added = now.columns.filter(({ name }) => !columns.some((column) => column.name === name));
    return columns.flatMap((column) => {
      const type = types.get(column.name);
      if (type === column.type) return [];
      const readers = readersOf(node.id, column.name, earlier, present);
      return readers.length === 0 ? [] : [breaking(node, column, type ?? null, added, readers)];
    });
  });
}

function readersOf(id: NodeId, column: string, earlier: CheckArtifact, present: PresentGraph): readonly Node[] {
  const { manifest } = present;
  const children = (manifest.children.get(id) ?? []).flatMap((child) => manifest.nodes.get(child) ?? []);
  return children.filter((child) => isReader(child, id, column, earlier, present));
}

function isReader(node: Node, id: NodeId, column: string, earlier: CheckArtifact, { reads }: PresentGraph): boolean {
  switch (node.kind) {
    case 'model': {
      const known = reads.get(node.id);
      return (known ? known.get(id)?.has(column) : earlier.relations[node.id]?.reads?.[id]?.includes(column)) ?? false;
    }
    case 'sync':
      return node.sync.columns.length === 0 || node.sync.columns.some(({ name, from }) => (from ?? name) === column);
    case 'exposure':
      return true;
    default:
      return false;
  }
}

function breaking(node: Node, column: TypedColumn, type: string | null, added: readonly TypedColumn[], readers: readonly Node[]): Finding {
  const by = readers.map(({ kind, name }) => `${kind} '${name}'`).join(', ');
  const renamed = type === null ? renamedTo(column, added) : null;
  const what = type === null ? (renamed === null ? `is gone` : `is gone, and '${renamed}' is new`) : `was ${column.type} and is ${type}`;
  const message = `The column '${column.name}' of the ${node.kind} '${node.name}' ${what}; it is read by ${by}.`;
  const hint = 'Change what reads it first, or keep it until nothing does.';
  return { severity: 'error', node: node.id, error: new GccflowError('COLUMN_BREAKS', message, { at: node.at, hint }) };
}

/** The one new column of the same type, or the one with the nearest name. */
function renamedTo(column: TypedColumn, added: readonly TypedColumn[]): string | null {
  const alike = added.filter(({ type }) => type === column.type);
  if (alike.length === 1) return alike[0]?.name ?? null;
  const near = didYouMean(
    column.name,
    alike.map(({ name }) => name),
  );
  return alike.find(({ name }) => near?.includes(`'${name}'`))?.name ?? null;
}
