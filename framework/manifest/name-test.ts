import { digestOf } from '../foundation/digest.ts';

/**
 * The name dbt gives a generic test: test, node, and column and arguments in the order of their keys (`not_null_stg_post_id`).
 * One of 64 characters or more keeps the first 30 of test and node and ends in a hash of the whole.
 */
export function nameTest(test: string, node: string, column: string | null, args: Readonly<Record<string, unknown>>): string {
  const all: Record<string, unknown> = column === null ? args : { ...args, column_name: column };
  const values = Object.keys(all)
    .toSorted()
    .flatMap((key) => textsOf(all[key]));
  const full = `${test}_${node}_${values.map((value) => value.replaceAll(/[^0-9a-zA-Z_]+/g, '_')).join('__')}`;
  if (full.length < 64) return full;
  return `${`${test}_${node}`.slice(0, 30)}_${digestOf('md5', full)}`;
}

function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  if (value !== null && typeof value === 'object') return Object.values(value).map(String);
  return [String(value)];
}
