import type { Manifest, SinkNode, SourceNode } from '../manifest/manifest.ts';
import type { Column } from '../project/models-file.ts';
import type { TypedColumn } from './checked-graph.ts';

/** The columns of a source as its file declares them, else as a sink fills them; null where nothing says all of their types. */
export function declaredColumns(source: SourceNode, manifest: Manifest): readonly TypedColumn[] | null {
  return typedColumns(source.columns) ?? columnsOfSink(source, manifest);
}

/** Declared columns, where there are any and each has a type. */
export function typedColumns(columns: readonly Column[]): readonly TypedColumn[] | null {
  const typed = columns.flatMap(({ name, type }) => (type === null ? [] : [{ name, type }]));
  return typed.length > 0 && typed.length === columns.length ? typed : null;
}

function columnsOfSink({ relation }: SourceNode, manifest: Manifest): readonly TypedColumn[] | null {
  for (const node of manifest.nodes.values()) {
    if (node.kind !== 'sink' || node.table?.database !== relation.database || node.table.name !== relation.name) continue;
    const columns = columnsOfTable(node);
    if (columns.length > 0) return columns;
  }
  return null;
}

/** The columns that a sink gives its table in ClickHouse, that of unknown fields last. */
export function columnsOfTable({ sink: { columns, unknown_fields: unknown } }: SinkNode): readonly TypedColumn[] {
  const declared = Object.entries(columns).map(([name, { type }]) => ({ name, type }));
  return unknown === 'drop' ? declared : [...declared, { name: unknown.keep, type: 'String' }];
}
