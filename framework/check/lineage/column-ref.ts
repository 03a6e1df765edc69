import type { NodeId } from '../../manifest/manifest.ts';
import type { Relation } from '../../manifest/relation.ts';

/** A column of a relation. */
export interface ColumnRef {
  /** The node: a source, seed or model; beside the warehouse also a sync, sink, ingest or flow. */
  readonly relation: NodeId;
  readonly column: string;
}

/** A relation that a query may read. */
export interface Readable {
  readonly id: NodeId;
  /** null where its columns are not known: a part of a column (`tags.size0`) then counts as a column. */
  readonly columns: readonly string[] | null;
}

/** The relation of a name in a query; null where it is none of the graph. `database` is empty where the query names none. */
export type FindReadable = (relation: Relation) => Readable | null;

export function refKey({ relation, column }: ColumnRef): string {
  return JSON.stringify([relation, column]);
}

/** Each once, by relation and name. */
export function distinctRefs(refs: readonly ColumnRef[]): readonly ColumnRef[] {
  const byKey = new Map(refs.map((ref) => [refKey(ref), ref]));
  return [...byKey.keys()].sort().flatMap((key) => byKey.get(key) ?? []);
}
