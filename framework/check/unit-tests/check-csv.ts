import { GccflowError } from '../../foundation/error.ts';
import type { Position } from '../../foundation/location.ts';
import type { CsvField } from '../../run/csv-file.ts';

import type { CsvRows } from './csv-rows.ts';
import { placeInRows } from './rows-places.ts';
import { misfitAt, misfitIn, type RowsSubject, unknownColumn } from './rows-subject.ts';

/** UNIT_TEST_ROWS for what is wrong in the header, for every row of another length, and for every value that its column does not take. */
export function checkCsv({ names, header, records }: CsvRows, subject: RowsSubject): GccflowError[] {
  const mistakes = header.flatMap((field, index) => checkName(field, names.indexOf(names[index] ?? '') < index, subject));
  return [...mistakes, ...records.flatMap((fields, index) => checkRecord(fields, index + 1, names, subject))];
}

function checkName(field: CsvField, isSecond: boolean, subject: RowsSubject): GccflowError[] {
  if (isSecond) return [refused(`The header names the column '${field.text.trim()}' twice.`, field, subject)];
  return unknownColumn(field.text.trim(), subject, () => placeInRows(subject.rows, field, subject));
}

/** An empty field is a default, and Bool has more words in CSV than elsewhere. A comma may end a row. */
function checkRecord(fields: readonly CsvField[], row: number, names: readonly string[], subject: RowsSubject): GccflowError[] {
  const broken = fields.find(({ isBroken }) => isBroken);
  if (broken) return [refused(`Row ${row} of ${subject.name} has a field whose quotes do not close it.`, broken, subject)];
  const hasEnd = fields.length === names.length + 1 && fields.at(-1)?.text === '';
  if (fields.length !== names.length && !hasEnd) {
    const extra = fields[names.length];
    const count = `${fields.length} ${fields.length === 1 ? 'field' : 'fields'}`;
    const hint = extra ? 'A value with a comma stands in quotes.' : 'A field that is left empty has the default of its column.';
    return [refused(`Row ${row} of ${subject.name} has ${count}, and its header ${names.length}.`, extra ?? fields[0], subject, hint)];
  }
  return names.flatMap((name, index) => {
    const field = fields[index];
    const isBool = subject.columns.some((column) => column.name === name && column.type.includes('Bool'));
    const why = !field || field.text === '' || isBool ? null : misfitIn(name, field.text === '\\N' ? null : field.text, subject);
    return why === null ? [] : [misfitAt(`'${name}' in row ${row}`, subject, why, placeInRows(subject.rows, field, subject))];
  });
}

function refused(message: string, at: Position | undefined, subject: RowsSubject, hint?: string): GccflowError {
  return new GccflowError('UNIT_TEST_ROWS', message, { at: placeInRows(subject.rows, at, subject), hint });
}
