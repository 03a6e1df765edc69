import type { TypedColumn } from '../checked-graph.ts';

/** Columns out of the rows of a DESCRIBE. */
export function describedColumns(rows: readonly (readonly unknown[])[]): readonly TypedColumn[] {
  return rows.map(([name, type]) => ({ name: String(name), type: String(type) }));
}

export function describedNames(rows: readonly (readonly unknown[])[]): readonly string[] {
  return describedColumns(rows).map(({ name }) => name);
}
