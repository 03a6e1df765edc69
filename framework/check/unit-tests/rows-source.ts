import { quoteName, quoteText } from '../../foundation/quote.ts';
import type { TypedColumn } from '../checked-graph.ts';
import type { CsvRows } from './csv-rows.ts';

/** Rows of a unit test, ready for ClickHouse. */
export type WrittenRows =
  | { readonly format: 'dict'; readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | CsvRows
  /** `names`: the columns of the SELECT. */
  | { readonly format: 'sql'; readonly text: string; readonly names: readonly string[] };

/** A seed's own file. */
export interface SeedRows {
  readonly format: 'file';
  readonly path: string;
  readonly delimiter: string;
}

/** How rows are read: what is not said has its default, what is not known or NULL where there is none is refused. */
const fileSettings = `settings input_format_null_as_default = 0, input_format_parallel_parsing = 0, date_time_input_format = 'best_effort', allow_suspicious_low_cardinality_types = 1`;
const readSettings = `${fileSettings}, input_format_skip_unknown_fields = 0`;

/** A SELECT that gives the rows as columns of these types, or of those that ClickHouse guesses. It reads the values as it would from a file. */
export function selectRows(rows: WrittenRows | SeedRows, columns: readonly TypedColumn[] | null): string {
  const structure = columns && quoteText(columnList(columns), 'clickhouse');
  switch (rows.format) {
    case 'sql':
      return `select ${columns?.map((column) => castColumn(column, rows.names)).join(', ') ?? '*'} from (\n${rows.text}\n)`;
    case 'csv':
      return formatted('CSVWithNames', structure, `${rows.text.trim()}\n`);
    case 'dict':
      if (rows.rows.length === 0 && structure !== null) return `select * from null(${structure}) ${fileSettings}`;
      return formatted('JSONEachRow', structure, jsonLines(rows.rows));
    case 'file':
      return `select * from file(${[quoteText(rows.path, 'clickhouse'), 'CSVWithNames', ...(structure === null ? [] : [structure])].join(', ')}) ${fileSettings}, format_csv_delimiter = ${quoteText(rows.delimiter, 'clickhouse')}`;
  }
}

type ListedRows = Extract<WrittenRows, { readonly format: 'dict' }>['rows'];

/** Puts rows into a table, which it reads in the same way. */
export function insertRows(table: string, rows: ListedRows): string {
  return `insert into ${table} ${readSettings} format JSONEachRow\n${jsonLines(rows)}`;
}

function jsonLines(rows: ListedRows): string {
  return rows.map((row) => JSON.stringify(row)).join('\n');
}

function formatted(format: string, structure: string | null, text: string): string {
  const source = [format, ...(structure === null ? [] : [structure]), quoteText(text, 'clickhouse')];
  return `select * from format(${source.join(', ')}) ${readSettings}`;
}

/** Columns with their types, as a table declares them. */
export function columnList(columns: readonly TypedColumn[]): string {
  return columns.map(({ name, type }) => `${quoteName(name, 'clickhouse')} ${type}`).join(', ');
}

/** A column that the SELECT has is converted; one that it has not gets its default. */
function castColumn({ name, type }: TypedColumn, names: readonly string[]): string {
  const quoted = quoteName(name, 'clickhouse');
  const typeText = quoteText(type, 'clickhouse');
  return `${names.includes(name) ? `cast(${quoted}, ${typeText})` : `defaultValueOfTypeName(${typeText})`} as ${quoted}`;
}
