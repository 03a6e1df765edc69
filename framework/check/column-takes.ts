import type { SinkNode } from '../manifest/manifest.ts';
import type { FieldKind } from '../project/field-type.ts';
import type { SinkColumn } from '../project/sink-file.ts';
import { encodeAs } from '../sink/columns.ts';
import { type Dialect, valueType } from '../sink/value-type.ts';
import { refused } from '../sink/values.ts';

/** Whether a column takes values of a kind: `some` where it takes those only that look like another kind, such as texts of digits. */
export type Takes = 'all' | 'some' | 'none';

/** Values of each kind: those that stand for it, and those that other kinds look like. */
const samples: Readonly<Record<Exclude<FieldKind, 'any'>, readonly [typical: readonly unknown[], unusual: readonly unknown[]]>> = {
  string: [
    ['x', '2024-01-02T03:04:05Z', '2024-01-02', '6f1e9c1e-6a0b-4b6e-9f59-0a0e2f2d9c11', '127.0.0.1', '::1'],
    ['1', '1.5', 'true'],
  ],
  integer: [[7], [1]],
  number: [[0.5], [1]],
  boolean: [[true], []],
  timestamp: [['2024-01-02T03:04:05.000Z'], []],
  object: [[{}, { a: 'x' }, { a: 1 }], []],
  list: [[[], ['x']], []],
};

/** Types whose values are too much their own for a sample. */
const ownValues: Readonly<Partial<Record<FieldKind, RegExp>>> = { string: /\bEnum/, integer: /\bEnum/, object: /\bTuple/, list: /\bTuple/ };

/** What a column of a sink takes of values of a kind. */
export function columnTakes({ type, as }: Pick<SinkColumn, 'type' | 'as'>, kind: FieldKind, dialect: Dialect): Takes {
  if (kind === 'any' || (as === null && ownValues[kind]?.test(type))) return 'all';
  const { encode, isJson } = valueType(type, dialect);
  const read = encodeAs(as, encode, isJson);
  const isTaken = (value: unknown): boolean => read(value) !== refused;
  const [typical, unusual] = samples[kind];
  if (typical.some(isTaken)) return 'all';
  return unusual.some(isTaken) ? 'some' : 'none';
}

/** Whose values the rows of a sink hold. */
export function dialectOf(to: SinkNode['sink']['to']): Dialect {
  if ('clickhouse' in to) return 'clickhouse';
  return 'postgres' in to ? 'postgres' : 'http';
}
