import type { Readable } from 'node:stream';
import { CsvError, type Info, parse } from 'csv-parse';
import { GccflowError } from '../foundation/error.ts';

/** A row of a CSV file, and the line it begins in. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Rows of a CSV file; empty lines are none. Throws TASK_PARAMS for what is no CSV, and what `input` fails with. */
export async function* readCsv(input: Readable, file: string): AsyncGenerator<CsvRow> {
  const rows = parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true });
  input.on('error', (err) => rows.destroy(err)).pipe(rows);
  try {
    for await (const { info, record } of rows as AsyncIterable<{ info: Info; record: string[] }>) {
      const breaks = record.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0);
      yield { line: info.lines - breaks, cells: record };
    }
  } catch (thrown) {
    if (!(thrown instanceof CsvError)) throw thrown;
    throw new GccflowError('TASK_PARAMS', `The file '${file}' is no CSV: ${thrown.message}. Nothing was queued.`, { cause: thrown });
  }
}
