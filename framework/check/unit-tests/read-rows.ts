import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GccflowError, messageOf } from '../../foundation/error.ts';
import type { TestRows } from '../../manifest/manifest.ts';
import type { CheckEngine } from '../check-engine.ts';
import { parseCsv } from './csv-rows.ts';
import { describedNames } from './described.ts';
import { reasonOf, rowsFault } from './rows-fault.ts';
import { placeInRows, placeInSelect, type TestFile } from './rows-places.ts';
import type { WrittenRows } from './rows-source.ts';

export interface RowsContext extends TestFile {
  readonly engine: Pick<CheckEngine, 'run'>;
  /** What is done with a SELECT before it runs: the clock may stand still. */
  readonly prepareSql: (sql: string) => string;
}

/** Rows as they are written in the test or its fixture. Throws UNIT_TEST_ROWS for a SELECT that ClickHouse refuses. */
export async function readRows(rows: TestRows, context: RowsContext): Promise<WrittenRows> {
  if (rows.format === 'dict') return rows;
  const format = rows.format === 'fixture' ? rows.fixture.format : rows.format;
  const written = rows.format === 'fixture' ? readFixture(rows.fixture.file, context) : rows.text;
  if (format === 'csv') return parseCsv(written);
  const text = context.prepareSql(written.trim().replace(/;\s*$/, ''));
  const [answer] = await context.engine.run([{ sql: `describe (\n${text}\n)` }]);
  if (answer?.kind === 'rows') return { format, text, names: describedNames(answer.rows) };
  const at = placeInSelect(written, answer?.kind === 'fault' ? answer.said : reasonOf(answer));
  throw rowsFault('The SELECT cannot be used', answer, placeInRows(rows, at, context));
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
