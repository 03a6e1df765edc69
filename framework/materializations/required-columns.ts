import type { ModelConfig } from '../project/model-config.ts';
import { addedColumns } from './added-columns.ts';
import { keyOfDictionary } from './dictionary-sql.ts';

/** A column of the SELECT that a key of the config names. */
export interface RequiredColumn {
  readonly name: string;
  readonly key: keyof ModelConfig;
  /** Whether it is to be a Date, DateTime or DateTime64. */
  readonly isTime: boolean;
}

/** The columns of its SELECT that the config of a snapshot or dictionary names. */
export function requiredColumns(config: ModelConfig): RequiredColumn[] {
  const { materialized, unique_key, updated_at, check_cols } = config;
  if (materialized === 'dictionary') return namedBy('primary_key', keyOfDictionary(config));
  if (materialized !== 'snapshot') return [];
  return [
    ...namedBy('unique_key', unique_key),
    ...(updated_at === null ? [] : [{ name: updated_at, key: 'updated_at' as const, isTime: true }]),
    ...namedBy('check_cols', check_cols === null || check_cols === 'all' ? [] : check_cols),
  ];
}

function namedBy(key: RequiredColumn['key'], names: readonly string[]): RequiredColumn[] {
  return names.map((name) => ({ name, key, isTime: false }));
}

/** What is wrong with the columns of a SELECT, by the key of the config at fault. */
export interface ColumnFault {
  readonly key: keyof ModelConfig;
  /** The name that no column has, else null. */
  readonly missing: string | null;
  /** As part of a sentence. */
  readonly says: string;
}

/** What the config of a model asks of the columns of its SELECT, and they are not. */
export function findColumnFaults(config: ModelConfig, columns: readonly { readonly name: string; readonly type: string }[]): ColumnFault[] {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const named = requiredColumns(config).flatMap(({ name, key, isTime }): ColumnFault[] => {
    const type = types.get(name);
    if (type === undefined) return [{ key, missing: name, says: `'${key}' names '${name}', which its SELECT does not return` }];
    if (!isTime || timeType.test(type)) return [];
    return [{ key, missing: null, says: `'${key}' names '${name}', a ${type} where a Date, DateTime or DateTime64 is needed` }];
  });
  const taken = addedColumns(config).filter(({ name }) => types.has(name));
  const faults = taken.map(({ name }) => `its SELECT returns '${name}', a column that a ${config.materialized} adds`);
  return [...named, ...faults.map((says) => ({ key: 'materialized' as const, missing: null, says }))];
}

const timeType = /^(LowCardinality\()?(Nullable\()?(Date|Date32|DateTime|DateTime64)\b/;

/** What is wrong with the watermark of a materialized view, as the end of a sentence about that name; null where it is a time of its source. */
export function findWatermarkFault(
  watermark: string,
  columns: readonly { readonly name: string; readonly type: string | null }[],
): string | null {
  const found = columns.find(({ name }) => name === watermark);
  if (!found) return 'is no column of it';
  return found.type === null || /^DateTime(64)?\b/.test(found.type) ? null : `is ${found.type} where a DateTime or DateTime64 is needed`;
}
