import type { Node, NodeId } from '../manifest/manifest.ts';
import type { CheckedStates } from './diff-state.ts';
import type { EarlierState } from './earlier-state.ts';
import { normalizeSql } from './normalize-sql.ts';

/** A column of a node that both states have. */
export interface ChangedColumn {
  readonly node: NodeId;
  readonly column: string;
  readonly change: 'added' | 'removed' | 'retyped';
  /** ClickHouse types; null where there is none, or none is declared. */
  readonly from: string | null;
  readonly to: string | null;
  /** Nodes that read the column, or read it until it went; null where nothing was checked. */
  readonly readBy: readonly NodeId[] | null;
}

/** The columns of relations, by node id. */
export type CheckedColumns = Readonly<Record<string, { readonly columns: readonly { readonly name: string; readonly type: string }[] }>>;

/** Columns by name, with their types. */
type Columns = ReadonlyMap<string, string | null>;

/** How columns differ, in their order: by what checks found where both have the node, else by what files declare. */
export function diffColumns(present: readonly Node[], earlier: EarlierState, checked: CheckedStates | null): ChangedColumn[] {
  return present.flatMap((node) => {
    const before = earlier.nodes.get(node.id);
    if (!before || !('columns' in node)) return [];
    const found =
      checked && [checked.earlier[node.id], checked.present[node.id]].map((relation) => relation && columnsOf(relation.columns));
    const [from, to] = found?.[0] && found[1] ? [found[0], found[1]] : [before.columns, columnsOf(node.columns)];
    return diffTypes(node.id, from, to, (column) => checked?.readersOf(node.id, column) ?? null);
  });
}

function diffTypes(node: NodeId, before: Columns, after: Columns, readBy: (column: string) => ChangedColumn['readBy']): ChangedColumn[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((column): ChangedColumn[] => {
    const [from, to] = [before.get(column) ?? null, after.get(column) ?? null];
    const changed = (change: ChangedColumn['change']) => [{ node, column, change, from, to, readBy: readBy(column) }];
    if (!before.has(column)) return changed('added');
    if (!after.has(column)) return changed('removed');
    return from !== null && to !== null && normalizeSql(from) !== normalizeSql(to) ? changed('retyped') : [];
  });
}

function columnsOf(columns: readonly { readonly name: string; readonly type: string | null }[]): Columns {
  return new Map(columns.map(({ name, type }) => [name, type]));
}
