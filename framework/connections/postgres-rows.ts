import { quoteName } from '../foundation/quote.ts';

/** Rows that go into a table in one statement. */
export interface RowsInsert {
  /** The table, as SQL names it. */
  readonly sql: string;
  readonly columns: readonly { readonly name: string; readonly castType: string }[];
  /** Columns of a unique index by which a row that is there is found; rows are only added where it is empty. */
  readonly key: readonly string[];
  /** Whether a row that is there is updated, the last one of a key winning; else it is left alone. */
  readonly updates: boolean;
  /** Column of which an updating row must have no older value. */
  readonly newerBy: string | null;
  /** Number of the first column's parameter. */
  readonly firstParameter: number;
}

/**
 * One statement for any number of rows: every column is a parameter, an array of texts (see `columnText`) that PostgreSQL itself casts.
 * A statement updates a row once at most, so that one of each key is taken; rows without a key are left to the table to refuse. All
 * processes update in the order of the key, lest they wait for each other in a circle.
 */
export function insertRowsSql(insert: RowsInsert): string {
  const { sql, columns, key, updates } = insert;
  const names = columns.map((_column, index) => `c${index}`);
  const arrays = columns.map((_column, index) => `$${index + insert.firstParameter}::text[]`).join(', ');
  const casts = columns.map(({ castType }, index) => `v.c${index}::${castType} as c${index}`).join(', ');
  const rows = `select ${casts}, v.n from unnest(${arrays}) with ordinality as v(${[...names, 'n'].join(', ')})`;
  const into = `insert into ${sql} as existing (${columns.map(({ name }) => quote(name)).join(', ')})`;
  const target = key.map(quote).join(', ');
  if (updates) return `${into} ${latestSql(insert, names, rows)} on conflict (${target}) ${actionOf(insert)}`;
  const conflict = key.length === 0 ? '' : ` on conflict (${target}) do nothing`;
  return `${into} select ${names.join(', ')} from (${rows}) r order by n${conflict}`;
}

/** The newest row of each key, or the last one. */
function latestSql({ columns, key, newerBy }: RowsInsert, names: readonly string[], rows: string): string {
  const at = (name: string): string => `c${columns.findIndex((column) => column.name === name)}`;
  const keys = key.map(at);
  const unkeyed = `case when ${keys.map((column) => `${column} is null`).join(' or ')} then n end`;
  const newest = newerBy === null ? '' : `${at(newerBy)} desc nulls last, `;
  const order = `${keys.join(', ')}, ${unkeyed}, ${newest}n desc`;
  return `select distinct on (${keys.join(', ')}, ${unkeyed}) ${names.join(', ')} from (${rows}) r order by ${order}`;
}

function actionOf({ columns, key, newerBy }: RowsInsert): string {
  const changed = columns.filter(({ name }) => !key.includes(name)).map(({ name }) => `${quote(name)} = excluded.${quote(name)}`);
  if (changed.length === 0) return 'do nothing';
  if (newerBy === null) return `do update set ${changed.join(', ')}`;
  const column = quote(newerBy);
  return `do update set ${changed.join(', ')} where existing.${column} is null or excluded.${column} >= existing.${column}`;
}

const quote = (name: string): string => quoteName(name, 'postgres');

/** A value as text that PostgreSQL casts to its column's type; null for none. */
export function columnText(value: unknown, isArray: boolean): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return String(value);
  return isArray && Array.isArray(value) ? arrayText(value) : JSON.stringify(value);
}

/** A list as PostgreSQL writes one: `{"a",null,{"b"}}`. */
function arrayText(items: readonly unknown[]): string {
  const texts = items.map((item) => {
    if (item === null || item === undefined) return 'null';
    if (Array.isArray(item)) return arrayText(item);
    const text = typeof item === 'object' ? JSON.stringify(item) : String(item);
    return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
  });
  return `{${texts.join(',')}}`;
}
