import { quoteName, quoteText } from '../foundation/quote.ts';
import type { Instant } from '../manifest/interval.ts';
import type { ModelConfig } from '../project/model-config.ts';
import type { BuildInput } from './materialization.ts';

/** The columns that a snapshot adds to those of its SELECT. */
export function versionColumns({ hard_deletes, valid_to_current }: ModelConfig): { readonly name: string; readonly type: string }[] {
  const time = `DateTime64(6, 'UTC')`;
  return [
    { name: 'dbt_scd_id', type: 'String' },
    { name: 'dbt_updated_at', type: time },
    { name: 'dbt_valid_from', type: time },
    { name: 'dbt_valid_to', type: valid_to_current === null ? `Nullable(${time})` : time },
    ...(hard_deletes === 'new_record' ? [{ name: 'dbt_is_deleted', type: 'String' }] : []),
  ];
}

/** The columns of the key, quoted; each below `table` where one is given. */
export function keyColumns({ unique_key }: ModelConfig, table?: string): string[] {
  return unique_key.map((column) => `${table === undefined ? '' : `${table}.`}${quoteName(column, 'clickhouse')}`);
}

/** The rows of a SELECT as first versions, which hold since `updated_at`, or since the run. */
export function versionsSql({ config, executionTime }: Versioned, select: string): string {
  const begins = changedAt(config, executionTime);
  return `select source.*,\n${versionValues(config, { id: keyColumns(config), updatedAt: begins, begins })}\nfrom (\n${select}\n) as source`;
}

/** The values of `versionColumns`, in their order, of a version that holds. `id` are the expressions of its key. */
export function versionValues(config: ModelConfig, { id, updatedAt, begins }: VersionTimes): string {
  const values = [
    `${scdId(id, begins)} as dbt_scd_id`,
    `${updatedAt} as dbt_updated_at`,
    `${begins} as dbt_valid_from`,
    `${openEnd(config)} as dbt_valid_to`,
    ...(config.hard_deletes === 'new_record' ? [`'False' as dbt_is_deleted`] : []),
  ];
  return values.map((value) => `  ${value}`).join(',\n');
}

interface VersionTimes {
  readonly id: readonly string[];
  readonly updatedAt: string;
  readonly begins: string;
}

type Versioned = Pick<BuildInput, 'config' | 'executionTime'>;

/** In a tuple, because the hash of a Nullable column is Nullable outside of one. */
export function scdId(key: readonly string[], begins: string): string {
  return `lower(hex(sipHash128(tuple(${[...key, begins].join(', ')}))))`;
}

/** When a row of the SELECT was changed: as it says itself, otherwise now. */
export function changedAt({ updated_at }: ModelConfig, now: Instant, table?: string): string {
  if (updated_at === null) return timeSql(now);
  const column = quoteName(updated_at, 'clickhouse');
  return `assumeNotNull(toDateTime64(${table === undefined ? column : `${table}.${column}`}, 6, 'UTC'))`; // `requireKeys` refuses NULL
}

/** A time as a value of the columns that hold times of versions. */
export function timeSql(instant: Instant): string {
  const text = new Date(instant).toISOString().slice(0, 19).replace('T', ' ');
  return `toDateTime64(${quoteText(text, 'clickhouse')}, 6, 'UTC')`;
}

/** `dbt_valid_to` of a version that holds. */
export function openEnd({ valid_to_current }: ModelConfig): string {
  if (valid_to_current === null) return `cast(null, ${quoteText(`Nullable(DateTime64(6, 'UTC'))`, 'clickhouse')})`;
  return `assumeNotNull(toDateTime64(${valid_to_current}, 6, 'UTC'))`;
}

/** Whether a version holds. */
export function isOpen(config: ModelConfig): string {
  return config.valid_to_current === null ? 'dbt_valid_to is null' : `dbt_valid_to = ${openEnd(config)}`;
}

/** The month in which a version ended, and another partition for those that hold. */
export function validToPartition({ valid_to_current }: ModelConfig): string {
  return valid_to_current === null ? 'ifNull(toYYYYMM(dbt_valid_to), 0)' : 'toYYYYMM(dbt_valid_to)';
}
