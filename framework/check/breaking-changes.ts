import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import type { Manifest, Node, NodeId } from '../manifest/manifest.ts';
import type { CheckArtifact } from './check-artifact.ts';
import type { CheckedGraph, TypedColumn } from './checked-graph.ts';
import type { FindReaders } from './column-readers.ts';
import type { Finding } from './finding.ts';
import { placeOfOutput } from './output-place.ts';

/** The graph as it is now. */
export interface PresentGraph {
  readonly manifest: Manifest;
  readonly graph: CheckedGraph;
  readonly readersOf: FindReaders;
}

/**
 * COLUMN_BREAKS for every column of an earlier check that is gone, renamed or of another type while something still reads it, naming the
 * readers. What nothing reads any more may go.
 */
export function breakingChanges(earlier: CheckArtifact, present: PresentGraph): readonly Finding[] {
  return changedRelations(earlier, present.graph).flatMap((id) => {
    const node = present.manifest.nodes.get(id);
    const before = earlier.relations[id]?.columns ?? [];
    const now = present.graph.relations.get(id)?.columns ?? [];
    const types = new Map(now.map(({ name, type }) => [name, type]));
    const added = now.filter(({ name }) => !before.some((column) => column.name === name));
    return before.flatMap((column) => {
      const type = types.get(column.name) ?? null;
      if (!node || type === column.type) return [];
      const readers = present.readersOf(id, column.name);
      const place = type !== null && node.kind === 'model' ? placeOfOutput(node, present.manifest, now, column.name) : undefined;
      return readers.length === 0 ? [] : [breaking({ node, column, type, added, readers, at: place ?? node.at })];
    });
  });
}

/** Relations that have lost a column of the earlier check, or have one of another type. One whose SQL has a mistake now tells nothing. */
export function changedRelations(earlier: CheckArtifact, { relations }: CheckedGraph): readonly NodeId[] {
  return [...relations].flatMap(([id, { columns, from }]) => {
    if (from === 'remembered') return [];
    const types = new Map(columns.map(({ name, type }) => [name, type]));
    return earlier.relations[id]?.columns.some(({ name, type }) => types.get(name) !== type) ? [id] : [];
  });
}

interface Break {
  readonly node: Node;
  readonly column: TypedColumn;
  /** What it is now; null where it is gone. */
  readonly type: string | null;
  readonly added: readonly TypedColumn[];
  readonly readers: readonly Node[];
  readonly at: Location;
}

function breaking({ node, column, type, added, readers, at }: Break): Finding {
  const by = readers.map(({ kind, name }) => `${kind} '${name}'`).join(', ');
  const message = `The column '${column.name}' of the ${node.kind} '${node.name}' ${fateOf(column, type, added)}; it is read by ${by}.`;
  const hint = 'Change what reads it first, or keep it until nothing does.';
  return { severity: 'error', node: node.id, error: new GccflowError('COLUMN_BREAKS', message, { at, hint }) };
}

function fateOf(column: TypedColumn, type: string | null, added: readonly TypedColumn[]): string {
  if (type !== null) return `was ${column.type} and is ${type}`;
  const renamed = renamedTo(column, added);
  return renamed === null ? 'is gone' : `is gone, and '${renamed}' is new`;
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
