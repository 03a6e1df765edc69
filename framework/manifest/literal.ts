import { quoteText } from '../foundation/quote.ts';

/** A value as a ClickHouse literal; a list gives its items, separated by commas. */
export function literalSql(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (Array.isArray(value)) return value.map(literalSql).join(', ');
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return quoteText(String(value), 'clickhouse');
}
