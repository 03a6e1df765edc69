import { formatTable } from './format-table.ts';

/** Rows of a table as a database renders them. */
export interface Rows {
  readonly columns: readonly { readonly name: string; readonly isNumber: boolean }[];
  /** One text a column; null for NULL. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** Every row as a JSON object, in the database's own rendering, so that no digit of a number is lost. */
  readonly json: readonly string[];
}

/** Rows for people, for programs, or for a spreadsheet. */
export function formatRows({ columns, rows, json }: Rows, output: 'table' | 'json' | 'csv'): string {
  const names = columns.map(({ name }) => name);
  switch (output) {
    case 'json':
      return json.length === 0 ? '[]' : `[\n${json.map((row) => `  ${row}`).join(',\n')}\n]`;
    case 'csv':
      return [names, ...rows].map((row) => row.map(csvCell).join(',')).join('\n');
    case 'table':
      return formatTable(
        columns.map(({ name, isNumber }) => ({ title: name, align: isNumber ? 'right' : 'left' })),
        rows.map((row) => row.map((cell) => cell ?? 'NULL')),
      );
  }
}

/** NULL is an empty cell, an empty text a quoted one. */
function csvCell(cell: string | null): string {
  if (cell === null) return '';
  return cell === '' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
