import type { Postgres } from '../connections/postgres.ts';
import { sqlStateOf } from '../connections/postgres-fault.ts';
import { createTable, type Layout, readLayout, tableName } from '../connections/postgres-table.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import type { SinkNode } from '../manifest/manifest.ts';
import type { PostgresDestination } from '../project/sink-file.ts';

/** The table a sink fills, as it was when the sink started. */
export interface PostgresTable {
  /** As SQL names it, quoted. */
  readonly sql: string;
  readonly columns: readonly PostgresColumn[];
  /** Columns by which a row that is there is found again; empty where nothing says that two rows are the same. */
  readonly uniqueBy: readonly string[];
  readonly updates: boolean;
}

export interface PostgresColumn {
  readonly name: string;
  /** Type without its length, so that a cast never cuts a text: the table's own length then refuses it. */
  readonly castType: string;
}

interface Declared {
  readonly name: string;
  /** Null for the column of unknown fields, which takes any type that holds JSON. */
  readonly type: string | null;
  /** Of a table that is created. */
  readonly notNull: boolean;
}

/** Creates the table of a sink where it may, and compares its columns. Throws SINK_TABLE, which names everything that differs. */
export async function preparePostgresTable({ sink, at }: SinkNode, to: PostgresDestination, postgres: Postgres): Promise<PostgresTable> {
  const name = tableName(to.postgres);
  const { schema, table, sql } = name;
  const refuse = (message: string, hint: string): GccflowError =>
    new GccflowError('SINK_TABLE', `The sink '${sink.name}' cannot fill ${schema}.${table}: ${message}.`, { at, hint });
  const declared = declaredColumns(sink);
  const types = await readTypes(postgres, declared);
  const unknown = declared.filter(({ type }) => type !== null && !types.has(type));
  if (unknown.length > 0) {
    throw refuse(
      `PostgreSQL has no type ${unknown.map(({ name, type }) => `'${type}' (column '${name}')`).join(', ')}`,
      'Correct `columns`.',
    );
  }
  const key = to.key.length > 0 || sink.deduplicate_by === null ? to.key : [sink.deduplicate_by];
  if (to.create) {
    const columns = declared.map(({ name, type, notNull }) => ({ name, type: type ?? 'jsonb', notNull }));
    await createTable(postgres, { name, columns, key, isPrimary: to.key.length > 0 });
  }
  const layout = await readLayout(postgres, name);
  if (layout === null) throw refuse('there is no such table', 'Create it, or set `create: true`.');
  const differences = compare(declared, types, layout);
  if (differences.length > 0) throw refuse(differences.join('; '), 'Change `columns`, or alter the table.');
  const isUnique = layout.uniques.some((columns) => isSame(columns, key));
  if (to.key.length > 0 && !isUnique) {
    const quoted = key.map((name) => quoteName(name, 'postgres')).join(', ');
    throw refuse(
      `no unique index is on (${key.join(', ')}), the columns of \`key\``,
      `Add one: alter table ${sql} add unique (${quoted});`,
    );
  }
  const castTypes = new Map(layout.columns.map(({ name, castType }) => [name, castType]));
  return {
    sql,
    columns: declared.map(({ name, type }) => ({ name, castType: (type === null ? castTypes.get(name) : types.get(type)) ?? 'text' })),
    uniqueBy: isUnique ? key : [],
    updates: to.key.length > 0,
  };
}

/** `integer not null` is a type and what a created table is to make of it. */
function declaredColumns({ columns, unknown_fields }: SinkNode['sink']): Declared[] {
  const declared = Object.entries(columns).map(([name, { type }]): Declared => {
    const plain = type.replace(/\s+not\s+null\s*$/i, '');
    return { name, type: plain, notNull: plain !== type };
  });
  return unknown_fields === 'drop' ? declared : [...declared, { name: unknown_fields.keep, type: null, notNull: false }];
}

/** Each type that PostgreSQL knows, with the name it casts by. A text that is no type fails to parse, so that none gets into SQL. */
async function readTypes(postgres: Postgres, declared: readonly Declared[]): Promise<ReadonlyMap<string, string>> {
  const types = new Map<string, string>();
  for (const text of new Set(declared.flatMap(({ type }) => (type === null ? [] : [type])))) {
    const name = await readType(postgres, text);
    if (name !== null) types.set(text, name);
  }
  return types;
}

async function readType(postgres: Postgres, text: string): Promise<string | null> {
  try {
    const [row] = await postgres.query<{ name: string | null }>('select format_type(to_regtype($1), -1) as name', [text]);
    return row?.name ?? null;
  } catch (thrown) {
    if (/^(22|42|0A)/.test(sqlStateOf(thrown) ?? '')) return null;
    throw thrown;
  }
}

const jsonTypes: ReadonlySet<string> = new Set(['jsonb', 'json', 'text', 'character varying']);

/** What keeps rows of the declared columns out of the table, a phrase each. */
function compare(declared: readonly Declared[], types: ReadonlyMap<string, string>, { columns }: Layout): string[] {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const names = new Set(declared.map(({ name }) => name));
  const wrong = declared.flatMap(({ name, type }) => {
    const column = byName.get(name);
    if (column === undefined) return [`it has no column '${name}'`];
    if (column.generated) return [`column '${name}' is generated`];
    const fits = type === null ? jsonTypes.has(column.baseType) : [column.castType, column.baseType].includes(types.get(type) ?? '');
    return fits ? [] : [`column '${name}' is ${column.type} there and ${type ?? 'jsonb'} in \`columns\``];
  });
  const required = columns.filter(({ name, required }) => required && !names.has(name));
  return [...wrong, ...required.map(({ name }) => `its column '${name}' needs a value, and \`columns\` has none`)];
}

function isSame(columns: readonly string[], key: readonly string[]): boolean {
  return columns.length === key.length && columns.every((name) => key.includes(name));
}
