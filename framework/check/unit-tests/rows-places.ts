import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Location, locate, type Position } from '../../foundation/location.ts';
import type { TestRows } from '../../manifest/manifest.ts';
import type { Places } from '../../project/check-shape.ts';
import type { EngineAnswer } from '../check-engine.ts';
import type { WrittenRows } from './rows-source.ts';

/** The file that a unit test stands in. */
export interface TestFile {
  readonly projectDir: string;
  readonly file: string;
}

const start: Position = { line: 1, column: 1 };

/**
 * Where a place in the text of rows is: in their fixture, or in the test's file where it stands there in a block, line by line. Where it does
 * not, the place of the whole text.
 */
export function placeInRows(rows: TestRows, { line, column }: Position = start, { projectDir, file }: TestFile): Location {
  if (rows.format === 'fixture') return { file: rows.fixture.file, line, column };
  const indent = rows.format === 'dict' ? null : blockIndent(join(projectDir, file), rows.at);
  return indent === null ? locate(file, rows.at) : { file, line: rows.at.line + line, column: indent + column };
}

/** How far a block `|` is indented that begins at a place; null for other texts, whose lines are not those of the file. */
function blockIndent(path: string, at: Position): number | null {
  try {
    const lines = readFileSync(path, 'utf8')
      .split('\n')
      .slice(at.line - 1);
    if (lines[0]?.[at.column - 1] !== '|') return null;
    return (
      lines
        .slice(1)
        .find((line) => line.trim() !== '')
        ?.search(/\S/) ?? null
    );
  } catch {
    return null; // gone since the project was read
  }
}

/** Where ClickHouse stopped as it read rows: the row that it names, or else the whole. */
export function placeOfRow(
  written: WrittenRows,
  answer: EngineAnswer | undefined,
  { rows, places, ...test }: TestFile & { readonly rows: TestRows; readonly places: Places },
): Location {
  const row = answer?.kind === 'fault' ? answer.fault.parse?.row : null;
  if (!row) return placeInRows(rows, start, test);
  if (written.format === 'dict') return places.at([...rows.path, row - 1]);
  return placeInRows(rows, written.format === 'csv' ? written.records[row - 1]?.[0] : start, test);
}

/** Where a SELECT is wrong of which ClickHouse says a name or a line, counted as in a subquery that begins a line below. */
export function placeInSelect(select: string, said: string): Position {
  const [, line, column] = /\(line (\d+), col (\d+)\)/.exec(said) ?? [];
  const skipped = select.slice(0, select.search(/\S|$/)).split('\n').length - 1;
  if (line !== undefined) return { line: Math.max(1, Number(line) - 1 + skipped), column: Number(column) };
  const [, name] = /`([^`]+)`/.exec(said) ?? [];
  const at = name === undefined ? -1 : select.indexOf(name);
  if (at < 0) return { line: skipped + 1, column: 1 };
  const before = select.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}
