import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GccflowError, messageOf } from '../../foundation/error.ts';
import { type Location, locate } from '../../foundation/location.ts';
import type { TestRows } from '../../manifest/manifest.ts';
import { fieldsOf } from '../../run/csv-file.ts';
import type { CheckEngine } from '../check-engine.ts';
import { describedNames } from './described.ts';
import { rowsFault } from './rows-fault.ts';
import type { WrittenRows } from './rows-source.ts';

export interface RowsContext {
  readonly projectDir: string;
  /** The file of the test. */
  readonly file: string;
  readonly engine: Pick<CheckEngine, 'run'>;
  /** What is done with a SELECT before it runs: the clock may stand still. */
  readonly prepareSql: (sql: string) => string;
}

/** Rows as they are written in the test or its fixture. Throws UNIT_TEST_ROWS for a SELECT that ClickHouse refuses. */
export async function readRows(rows: TestRows, context: RowsContext): Promise<WrittenRows> {
  if (rows.format === 'dict') return rows;
  const format = rows.format === 'fixture' ? rows.fixture.format : rows.format;
  const written = rows.format === 'fixture' ? readFixture(rows.fixture.file, context) : rows.text;
  if (format === 'csv') return readCsv(written);
  const text = context.prepareSql(written.trim().replace(/;\s*$/, ''));
  const [answer] = await context.engine.run([{ sql: `describe (\n${text}\n)` }]);
  if (answer?.kind !== 'rows') throw rowsFault('The SELECT cannot be used', answer, placeOfRows(rows, context.file));
  return { format, text, names: describedNames(answer.rows) };
}

/** Where the rows as a whole stand: in their fixture, or in the test's file. */
export function placeOfRows(rows: TestRows, file: string): Location {
  return rows.format === 'fixture' ? { file: rows.fixture.file, line: 1, column: 1 } : locate(file, rows.at);
}

function readFixture(file: string, { projectDir }: RowsContext): string {
  try {
    return readFileSync(join(projectDir, file), 'utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    throw new GccflowError('FILE_UNREADABLE', `The fixture cannot be read: ${messageOf(cause)}.`, {
      at: { file, line: 1, column: 1 },
      cause,
    });
  }
}

/** A text with line breaks in quotes is read by ClickHouse alone. */
function readCsv(written: string): WrittenRows {
  const text = written.trim();
  const lines = text.split(/\r?\n/).map((line, index) => ({ text: line, line: index + 1 }));
  const [header = [], ...records] = lines.map((record) => fieldsOf(record, ','));
  const isPlain = [header, ...records].every((fields) => fields.every(({ isBroken }) => !isBroken));
  const cells = records.map((fields, index) => ({ below: index + 1, fields: fields.map((field) => field.text) }));
  const names = text === '' ? [] : header.map((field) => field.text.trim());
  return { format: 'csv', text, names, ...(isPlain && { cells }) };
}
