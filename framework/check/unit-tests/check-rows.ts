import { didYouMean } from '../../foundation/closest.ts';
import { GccflowError } from '../../foundation/error.ts';
import type { Location } from '../../foundation/location.ts';
import type { TestRows } from '../../manifest/manifest.ts';
import type { Places } from '../../project/check-shape.ts';
import type { TypedColumn } from '../checked-graph.ts';
import { misfitOf } from './misfit.ts';
import { placeOfRows } from './read-rows.ts';
import type { CsvRow, WrittenRows } from './rows-source.ts';

/** What rows of a unit test are held against. */
export interface RowsSubject {
  /** Such as `the input 'stg_post'`, for a sentence. */
  readonly name: string;
  readonly rows: TestRows;
  readonly columns: readonly TypedColumn[];
  readonly places: Places;
  /** The file of the test. */
  readonly file: string;
}

/** UNIT_TEST_ROWS for every column that the relation does not have, and for every value that its column does not take. */
export function checkRows(written: WrittenRows, subject: RowsSubject): GccflowError[] {
  if (written.format !== 'dict') {
    const unknown = written.names.flatMap((name) => unknownColumn(name, subject, () => placeOfRows(subject.rows, subject.file)));
    return [...unknown, ...(written.cells ?? []).flatMap((row) => checkCells(row, written.names, subject))];
  }
  return written.rows.flatMap((row, index) =>
    Object.entries(row).flatMap(([name, value]) => {
      const path = [...subject.rows.path, index, name];
      const why = misfit(name, value, subject);
      return [
        ...unknownColumn(name, subject, () => subject.places.keyAt(path)),
        ...(why === null ? [] : [misfitAt(`'${name}'`, subject, why, subject.places.at(path))]),
      ];
    }),
  );
}

/** An empty field is a default, and Bool has more words in CSV than elsewhere. */
function checkCells({ below, fields }: CsvRow, names: readonly string[], subject: RowsSubject): GccflowError[] {
  const place = placeOfRows(subject.rows, subject.file);
  const at = subject.rows.format === 'fixture' ? { ...place, line: below + 1 } : place;
  return names.flatMap((name, index) => {
    const field = fields[index] ?? '';
    const isBool = subject.columns.some((column) => column.name === name && column.type.includes('Bool'));
    const why = field === '' || isBool ? null : misfit(name, field === '\\N' ? null : field, subject);
    return why === null ? [] : [misfitAt(`'${name}' in row ${below}`, subject, why, at)];
  });
}

/** The columns that expected rows name. Reports UNIT_TEST_ROWS for a row that lacks one that the others have. */
export function expectedNames(
  written: WrittenRows,
  { rows, columns, places }: RowsSubject,
): { readonly names: readonly string[]; readonly mistakes: readonly GccflowError[] } {
  if (written.format !== 'dict') return { names: written.names, mistakes: [] };
  const names = [...new Set(written.rows.flatMap((row) => Object.keys(row)))];
  const mistakes = written.rows.flatMap((row, index) => {
    const [missing] = names.filter((name) => !Object.hasOwn(row, name));
    if (missing === undefined) return [];
    const hint = `Write '${missing}: null' where NULL is expected; a column that does not matter is left out of all rows.`;
    const message = `This row lacks '${missing}', which other expected rows have.`;
    return [new GccflowError('UNIT_TEST_ROWS', message, { at: places.at([...rows.path, index]), hint })];
  });
  return { names: names.length > 0 ? names : columns.map(({ name }) => name), mistakes };
}

function unknownColumn(name: string, { name: subject, columns }: RowsSubject, place: () => Location): GccflowError[] {
  const names = columns.map((column) => column.name);
  if (names.includes(name)) return [];
  const hint = didYouMean(name, names) ?? `It has ${names.join(', ')}.`;
  return [new GccflowError('UNIT_TEST_ROWS', `${capital(subject)} has no column '${name}'.`, { at: place(), hint })];
}

function misfit(name: string, value: unknown, { columns }: RowsSubject): string | null {
  const column = columns.find((known) => known.name === name);
  return column ? misfitOf(value, column.type) : null;
}

function misfitAt(value: string, { name: subject }: RowsSubject, why: string, at: Location): GccflowError {
  return new GccflowError('UNIT_TEST_ROWS', `The value does not fit ${value} of ${subject}: ${why}.`, { at });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
