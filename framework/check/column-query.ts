import { quoteText } from '../foundation/quote.ts';
import type { Relation } from '../manifest/relation.ts';
import type { EngineAnswer } from './check-engine.ts';
import type { TypedColumn } from './checked-graph.ts';

interface Table {
  readonly relation: Relation;
}

/** Asks for the columns of tables, in their order. */
export function columnsSql(tables: readonly Table[]): string {
  const names = tables.map(({ relation }) => `(${text(relation.database)}, ${text(relation.name)})`);
  return `select database, table, name, type from system.columns where (database, table) in (${names.join(', ') || `('', '')`})`;
}

/** The columns of an answer to `columnsSql`, by `tableKey`. */
export function columnsByTable(answer: EngineAnswer | undefined): ReadonlyMap<string, readonly TypedColumn[]> {
  const byTable = new Map<string, TypedColumn[]>();
  for (const [database, name, column, type] of answer?.kind === 'rows' ? answer.rows : []) {
    const key = tableKey({ relation: { database: String(database), name: String(name) } });
    const columns = byTable.get(key) ?? [];
    columns.push({ name: String(column), type: String(type) });
    byTable.set(key, columns);
  }
  return byTable;
}

export function tableKey({ relation: { database, name } }: Table): string {
  return `${database}\0${name}`;
}

function text(value: string): string {
  return quoteText(value, 'clickhouse');
}
