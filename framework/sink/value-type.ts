import { clickHouseType } from './clickhouse-values.ts';
import { postgresType } from './postgres-values.ts';
import type { ValueType } from './values.ts';

/** Whose values rows hold. `http`: ClickHouse's types, with times as ISO 8601 and JSON as it is. */
export type Dialect = 'clickhouse' | 'postgres' | 'http';

/** The type that a column declares. What is not known here is passed as it is, for the destination to judge. */
export function valueType(type: string, dialect: Dialect): ValueType {
  return dialect === 'postgres' ? postgresType(type) : clickHouseType(type, dialect);
}
