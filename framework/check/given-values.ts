import type { SinkColumn } from '../project/sink-file.ts';
import { encodeAs } from '../sink/columns.ts';
import { type Dialect, valueType } from '../sink/value-type.ts';
import { refused } from '../sink/values.ts';
import { columnTakes } from './column-takes.ts';
import { typeMistake } from './sync-types.ts';

/** Something that a sink's file says of a column and that the column's type does not take. */
export interface GivenValueMistake {
  /** As in "gives the column 'a' the default 5, which UInt8 does not take". */
  readonly said: string;
  readonly hint: string | undefined;
  readonly key: 'default' | 'value' | 'as' | 'delivery';
}

/** What a column's type does not take of its default, its fixed value, or the fact of the delivery that fills it. */
export function givenValueMistake(name: string, column: SinkColumn, dialect: Dialect): GivenValueMistake | null {
  const { type, as, value, default: fallback, delivery } = column;
  const { encode, isJson } = valueType(type, dialect);
  const gives = (what: string): string => `gives the column '${name}' ${what}, which ${type} does not take`;
  const isNow = value === 'now';
  if (fallback !== undefined && encode(fallback) === refused) {
    return { said: gives(`the default ${JSON.stringify(fallback)}`), hint: undefined, key: 'default' };
  }
  if (value !== null && !isNow && encode(value) === refused) {
    const hint = typeof value === 'string' ? 'Times are ISO 8601; `now` is the time at which a row is made.' : undefined;
    return { said: gives(`the value ${JSON.stringify(value)}`), hint, key: 'value' };
  }
  if ((as === 'epoch_s' || as === 'epoch_ms') && encodeAs(as, encode, isJson)(0) === refused) {
    return { said: gives(`a time by 'as: ${as}'`), hint: 'Give the column a type of times, or take `as` away.', key: 'as' };
  }
  if (isNow || delivery === 'published_at' || delivery === 'received_at') {
    if (encode(new Date(0)) !== refused || encode(new Date(0).toISOString()) !== refused) return null;
    return { said: gives('a time'), hint: undefined, key: isNow ? 'value' : 'delivery' };
  }
  const isText = delivery !== null && columnTakes(column, 'string', dialect) === 'none';
  return isText ? { said: gives('a text'), hint: undefined, key: 'delivery' } : null;
}

/** Whether a column of a sink is one that its destination can have, as far as its file says. */
export function isSound(name: string, column: SinkColumn, dialect: Dialect): boolean {
  if (dialect === 'postgres' && typeMistake(withoutNotNull(column.type))) return false;
  return givenValueMistake(name, column, dialect) === null;
}

/** `integer not null` is a type and what a created table is to make of it. */
export function withoutNotNull(type: string): string {
  return type.replace(/\s+not\s+null\s*$/i, '');
}
