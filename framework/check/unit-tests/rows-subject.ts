import { didYouMean } from '../../foundation/closest.ts';
import { GccflowError } from '../../foundation/error.ts';
import type { Location } from '../../foundation/location.ts';
import type { TestRows } from '../../manifest/manifest.ts';
import type { Places } from '../../project/check-shape.ts';
import type { TypedColumn } from '../checked-graph.ts';
import { misfitOf } from './misfit.ts';
import type { TestFile } from './rows-places.ts';

/** What rows of a unit test are held against. */
export interface RowsSubject extends TestFile {
  /** Such as `the input 'stg_post'`, for a sentence. */
  readonly name: string;
  readonly rows: TestRows;
  readonly columns: readonly TypedColumn[];
  readonly places: Places;
}

/** UNIT_TEST_ROWS for a column that the relation does not have. */
export function unknownColumn(name: string, { name: subject, columns }: RowsSubject, place: () => Location): GccflowError[] {
  const names = columns.map((column) => column.name);
  if (names.includes(name)) return [];
  const hint = didYouMean(name, names) ?? `It has ${names.join(', ')}.`;
  return [new GccflowError('UNIT_TEST_ROWS', `${capital(subject)} has no column '${name}'.`, { at: place(), hint })];
}

/** Why a value does not fit the column of a name; null where it does, or there is none. */
export function misfitIn(name: string, value: unknown, { columns }: RowsSubject): string | null {
  const column = columns.find((known) => known.name === name);
  return column ? misfitOf(value, column.type) : null;
}

export function misfitAt(value: string, { name: subject }: RowsSubject, why: string, at: Location): GccflowError {
  return new GccflowError('UNIT_TEST_ROWS', `The value does not fit ${value} of ${subject}: ${why}.`, { at });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
