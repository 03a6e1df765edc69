import { quoteName } from '../foundation/quote.ts';
import type { Postgres, PostgresQueries } from './postgres.ts';

/** A table of PostgreSQL. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
  /** As SQL names it, quoted. */
  readonly sql: string;
}

/** A table as users write it: `schema.table`, or `table` in `public`. */
export function tableName(text: string): TableName {
  const dot = text.indexOf('.');
  const [schema, table] = dot < 0 ? ['public', text] : [text.slice(0, dot), text.slice(dot + 1)];
  return { schema, table, sql: `${quoteName(schema, 'postgres')}.${quoteName(table, 'postgres')}` };
}

/** What the catalog says of a table. */
export interface Layout {
  readonly columns: readonly LayoutColumn[];
  /** Columns of each index that can tell two rows apart. */
  readonly uniques: readonly (readonly string[])[];
}

export interface LayoutColumn {
  readonly name: string;
  readonly type: string;
  /** Type without its length, so that a cast never cuts a text: the table's own length then refuses it. */
  readonly castType: string;
  /** Of a domain, that of the type it narrows. */
  readonly baseType: string;
  readonly required: boolean;
  /** Only the table itself gives it a value. */
  readonly generated: boolean;
}

export interface NewTable {
  readonly name: TableName;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly notNull: boolean }[];
  readonly key: readonly string[];
  /** Whether the key is the primary one; else it is only unique. */
  readonly isPrimary: boolean;
}

/**
 * Creates a table where it is missing, with its schema. One process after another: two that create the same schema or table at once fail,
 * `if not exists` or not. Types go into SQL as they are: they have to be types.
 */
export async function createTable(postgres: Postgres, { name, columns, key, isPrimary }: NewTable): Promise<void> {
  const quote = (text: string): string => quoteName(text, 'postgres');
  await postgres.transaction(async (session) => {
    await session.query(`select pg_advisory_xact_lock(hashtextextended('gccflow sink table', 0))`);
    if ((await readLayout(session, name)) !== null) return;
    const schemas = await session.query('select from pg_namespace where nspname = $1', [name.schema]);
    if (schemas.length === 0) await session.query(`create schema ${quote(name.schema)}`);
    const definitions = columns.map((column) => `${quote(column.name)} ${column.type}${column.notNull ? ' not null' : ''}`);
    const constraint = key.length === 0 ? [] : [`${isPrimary ? 'primary key' : 'unique'} (${key.map(quote).join(', ')})`];
    await session.query(`create table ${name.sql} (${[...definitions, ...constraint].join(', ')})`);
  });
}

/** The layout of a table, view or foreign table; null where there is none of the name. */
export async function readLayout(queries: PostgresQueries, { schema, table }: TableName): Promise<Layout | null> {
  const [row] = await queries.query<{ layout: Layout }>(layoutSql, [schema, table]);
  return row?.layout ?? null;
}

/** An index that is partial, deferred, invalid or of expressions cannot be named by `on conflict (columns)`. */
const layoutSql = `
  select json_build_object(
    'columns', (
      select coalesce(json_agg(json_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'castType', format_type(a.atttypid, -1),
        'baseType', format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), -1),
        'required', a.attnotnull and not a.atthasdef and a.attidentity = '',
        'generated', a.attgenerated <> '' or a.attidentity = 'a') order by a.attnum), '[]')
      from pg_attribute a join pg_type t on t.oid = a.atttypid
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    'uniques', (
      select coalesce(json_agg(array(
        select a.attname from unnest(i.indkey[0:i.indnkeyatts - 1]) k join pg_attribute a on a.attrelid = c.oid and a.attnum = k)), '[]')
      from pg_index i
      where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null)
  ) as layout
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'f')`;
