import type { StatementCost } from '../connections/warehouse.ts';
import { quoteName } from '../foundation/quote.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import type { StatementSettings } from '../materializations/statement.ts';
import type { NodeStatements } from './node-statements.ts';

export interface RowInsert {
  readonly into: Relation;
  readonly sql: string;
  readonly settings: StatementSettings;
}

/** Puts the rows of a SELECT into a table: the given columns by name, or all of them as they come where none are given. */
export function insertRows(
  { into, sql, settings }: RowInsert,
  columns: readonly string[] | null,
  statements: NodeStatements,
): Promise<StatementCost> {
  const table = relationSql(into);
  if (columns === null) return statements.execute(`insert into ${table} (\n${sql}\n)`, settings); // bare, `from …` would be FROM INFILE
  const names = columns.map((column) => quoteName(column, 'clickhouse')).join(', ');
  return statements.execute(`insert into ${table} (${names})\nselect ${names} from (\n${sql}\n)`, settings);
}
