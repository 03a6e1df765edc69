import { parseClickHouseType } from '../connections/clickhouse-type.ts';
import { type Warehouse, WarehouseFault } from '../connections/warehouse.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteName, quoteText } from '../foundation/quote.ts';
import type { SinkNode } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { isMergeTree } from '../project/engine-family.ts';
import type { ClickHouseDestination } from '../project/sink-file.ts';

/** The table a sink fills, as it was when the sink started. */
export interface ClickHouseTable {
  /** As SQL names it, quoted. */
  readonly sql: string;
  /** Columns that the sink gives, in its file's order, that of unknown fields last. */
  readonly columns: readonly string[];
  /** Those of them by which ClickHouse finds rows without reading all: of the partition key and the sorting key. */
  readonly keyColumns: readonly string[];
  /** Whether a repeated token is recognised: the table keeps the tokens of its last inserts. */
  readonly keepsTokens: boolean;
}

interface TableColumn {
  readonly name: string;
  readonly type: string;
  /** `DEFAULT`, `MATERIALIZED`, `ALIAS`, `EPHEMERAL` or nothing. */
  readonly default_kind: string;
  readonly is_in_partition_key: number;
  readonly is_in_sorting_key: number;
}

interface DeclaredColumn {
  readonly name: string;
  readonly type: string;
}

/** Inserts whose tokens a created table keeps. A repeat comes within seconds, so that far fewer lie between. */
const keptTokens = 1000;

/** Creates the table of a sink where it may, and compares its columns; never alters it. Throws SINK_TABLE, which names all that differs. */
export async function prepareTable(node: SinkNode, to: ClickHouseDestination, warehouse: Warehouse): Promise<ClickHouseTable> {
  const { table, sink, at } = node;
  if (table === null) throw new Error(`The sink ${sink.name} has no table in ClickHouse.`);
  const sql = relationSql(table);
  const refuse = (message: string, hint: string, cause?: unknown): GccflowError =>
    new GccflowError('SINK_TABLE', `The sink '${sink.name}' cannot fill ${table.database}.${table.name}: ${message}.`, { at, hint, cause });
  const declared = await readDeclared(sink, warehouse).catch((error: unknown) => {
    const mistake = mistakeIn(error);
    throw mistake === null ? error : refuse(`ClickHouse does not take the type of a column: ${mistake}`, 'Correct `columns`.', error);
  });
  const create = createSql(table, declared, { ...to, deduplicateBy: sink.deduplicate_by });
  let columns = await readColumns(table, warehouse);
  if (columns.length === 0 && to.create) {
    await warehouse.execute(`create database if not exists ${quoteName(table.database, 'clickhouse')} engine = Atomic`);
    await warehouse.execute(create).catch((error: unknown) => {
      const mistake = mistakeIn(error);
      throw mistake === null ? error : refuse(`ClickHouse does not create it: ${mistake}`, 'Correct `to`, or `columns`.', error);
    });
    columns = await readColumns(table, warehouse);
  }
  if (columns.length === 0) throw refuse('there is no such table', `Set 'create: true', or run: ${create}`);
  const differences = compareColumns(declared, columns, sql);
  if (differences.length > 0) {
    const statements = differences.flatMap(({ remedy }) => remedy ?? []);
    const hint = ['Correct `columns`, or alter the table.', ...statements].join('\n');
    throw refuse(differences.map(({ message }) => message).join('; '), hint);
  }
  const keys = new Set(columns.filter((column) => column.is_in_partition_key || column.is_in_sorting_key).map(({ name }) => name));
  const names = declared.map(({ name }) => name);
  return { sql, columns: names, keyColumns: names.filter((name) => keys.has(name)), keepsTokens: await readsTokens(table, warehouse) };
}

/** Columns with their types in ClickHouse's own spelling. */
function readDeclared({ columns, unknown_fields: unknown }: SinkNode['sink'], warehouse: Warehouse): Promise<DeclaredColumn[]> {
  const kept = unknown === 'drop' ? [] : [[unknown.keep, 'String']];
  const typed = [...Object.entries(columns).map(([name, { type }]) => [name, type]), ...kept];
  const structure = typed.map(([name = '', type]) => `${quoteName(name, 'clickhouse')} ${type}`).join(', ');
  const settings = { print_pretty_type_names: 0 }; // as system.columns has them
  return warehouse.query<DeclaredColumn>(`describe table null(${quoteText(structure, 'clickhouse')})`, { settings });
}

/** What ClickHouse says of what is declared, where it was asked for nothing else; null where it said nothing of it. */
function mistakeIn(error: unknown): string | null {
  if (!(error instanceof GccflowError) || error.code !== 'WAREHOUSE_QUERY' || !(error.cause instanceof WarehouseFault)) return null;
  const { code, retriable, message } = error.cause;
  return retriable || code === accessDenied ? null : message.replace(/\.$/, '');
}

const accessDenied = 497;

function readColumns({ database, name }: Relation, warehouse: Warehouse): Promise<TableColumn[]> {
  const sql = `select name, type, default_kind, is_in_partition_key, is_in_sorting_key from system.columns
    where database = {database:String} and table = {name:String} order by position`;
  return warehouse.query<TableColumn>(sql, { params: { database, name } });
}

async function readsTokens({ database, name }: Relation, warehouse: Warehouse): Promise<boolean> {
  const sql = 'select engine, engine_full as clauses from system.tables where database = {database:String} and name = {name:String}';
  const [table] = await warehouse.query<{ engine: string; clauses: string }>(sql, { params: { database, name } });
  if (table === undefined) return false;
  return /^(Replicated|Shared)/.test(table.engine) || /non_replicated_deduplication_window = [1-9]/.test(table.clauses);
}

interface TableClauses extends ClickHouseDestination {
  readonly deduplicateBy: string | null;
}

/** The statement that creates the table of a sink. */
export function createSql(table: Relation, declared: readonly DeclaredColumn[], to: TableClauses): string {
  const fallback = to.deduplicateBy === null ? 'tuple()' : quoteName(to.deduplicateBy, 'clickhouse');
  const order = to.order_by.length === 0 ? fallback : `(${to.order_by.join(', ')})`;
  const isSorted = isMergeTree(to.engine);
  return [
    `create table if not exists ${relationSql(table)}`,
    `(${declared.map(({ name, type }) => `${quoteName(name, 'clickhouse')} ${type}`).join(', ')})`,
    `engine = ${to.engine}`,
    to.partition_by !== null && `partition by ${to.partition_by}`,
    isSorted && `order by ${order}`,
    to.ttl !== null && `ttl ${to.ttl}`,
    isSorted && !/^\s*Replicated/i.test(to.engine) && `settings non_replicated_deduplication_window = ${keptTokens}`,
  ]
    .filter((clause) => clause !== false)
    .join(' ');
}

interface Difference {
  readonly message: string;
  /** The statement that would remove it, for people to run. */
  readonly remedy: string | null;
}

function compareColumns(declared: readonly DeclaredColumn[], columns: readonly TableColumn[], table: string): Difference[] {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const given = new Set(declared.map(({ name }) => name));
  const unfilled = columns.filter(
    ({ name, type, default_kind }) => !given.has(name) && default_kind === '' && !type.startsWith('Nullable'),
  );
  return [
    ...declared.flatMap((column) => compareColumn(column, byName.get(column.name), table) ?? []),
    ...unfilled.map(({ name, type }) => ({
      message: `its column '${name}' (${type}) has no default, and the sink gives it no value`,
      remedy: null,
    })),
  ];
}

function compareColumn({ name, type }: DeclaredColumn, actual: TableColumn | undefined, table: string): Difference | null {
  const quoted = quoteName(name, 'clickhouse');
  if (actual === undefined) {
    return { message: `it has no column '${name}'`, remedy: `alter table ${table} add column ${quoted} ${type};` };
  }
  if (actual.default_kind === 'MATERIALIZED' || actual.default_kind === 'ALIAS') {
    return { message: `its column '${name}' is ${actual.default_kind} and takes no value`, remedy: null };
  }
  if (takes(actual.type, type)) return null;
  return {
    message: `its column '${name}' is ${actual.type}, and ${type} is declared`,
    remedy: `alter table ${table} modify column ${quoted} ${type};`,
  };
}

/** Whether a column takes all values of a declared type. A Nullable one does, and how values are stored or shown is the table's affair. */
function takes(actual: string, declared: string): boolean {
  const [has, wants] = [essenceOf(actual), essenceOf(declared)];
  return has === wants || has === `Nullable(${wants})`;
}

/** A type without LowCardinality and time zones. */
function essenceOf(text: string): string {
  const { name, args } = parseClickHouseType(text);
  if (name === 'LowCardinality') return essenceOf(args[0] ?? '');
  if (name === 'DateTime') return name;
  if (name === 'DateTime64') return `DateTime64(${args[0] ?? 3})`;
  return ['Nullable', 'Array', 'Map'].includes(name) ? `${name}(${args.map(essenceOf).join(', ')})` : text;
}
