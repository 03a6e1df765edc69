import { GccflowError } from '../../foundation/error.ts';
import type { Location } from '../../foundation/location.ts';
import { checkCsv } from './check-csv.ts';
import { placeInRows, placeInSelect } from './rows-places.ts';
import type { WrittenRows } from './rows-source.ts';
import { misfitAt, misfitIn, type RowsSubject, unknownColumn } from './rows-subject.ts';

/** UNIT_TEST_ROWS for every column that the relation does not have, and for every value that its column does not take. */
export function checkRows(written: WrittenRows, subject: RowsSubject): GccflowError[] {
  if (written.format === 'csv') return checkCsv(written, subject);
  if (written.format === 'sql') {
    const place = (name: string) => (): Location => placeInRows(subject.rows, placeInSelect(written.text, `\`${name}\``), subject);
    return written.names.flatMap((name) => unknownColumn(name, subject, place(name)));
  }
  return written.rows.flatMap((row, index) =>
    Object.entries(row).flatMap(([name, value]) => {
      const path = [...subject.rows.path, index, name];
      const why = misfitIn(name, value, subject);
      return [
        ...unknownColumn(name, subject, () => subject.places.keyAt(path)),
        ...(why === null ? [] : [misfitAt(`'${name}'`, subject, why, subject.places.at(path))]),
      ];
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
