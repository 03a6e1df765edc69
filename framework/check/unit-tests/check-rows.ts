import { didYouMean } from '../../foundation/closest.ts';
import { GccflowError } from '../../foundation/error.ts';
import type { Location } from '../../foundation/location.ts';
import type { TestRows } from '../../manifest/manifest.ts';
import type { Places } from '../../project/check-shape.ts';
import type { YamlPath } from '../../project/parse-yaml.ts';
import type { TypedColumn } from '../checked-graph.ts';
import { misfitOf } from './misfit.ts';
import { placeOfRows } from './read-rows.ts';
import type { WrittenRows } from './rows-source.ts';

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
  if (written.format !== 'dict')
    return written.names.flatMap((name) => unknownColumn(name, subject, () => placeOfRows(subject.rows, subject.file)));
  return written.rows.flatMap((row, index) =>
    Object.entries(row).flatMap(([name, value]) => {
      const path = [...subject.rows.path, index, name];
      return [...unknownColumn(name, subject, () => subject.places.keyAt(path)), ...misfit(name, value, subject, path)];
    }),
  );
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

function misfit(name: string, value: unknown, { name: subject, columns, places }: RowsSubject, path: YamlPath): GccflowError[] {
  const column = columns.find((known) => known.name === name);
  const why = column ? misfitOf(value, column.type) : null;
  if (why === null) return [];
  return [new GccflowError('UNIT_TEST_ROWS', `The value does not fit '${name}' of ${subject}: ${why}.`, { at: places.at(path) })];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
