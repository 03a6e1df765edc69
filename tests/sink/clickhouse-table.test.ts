import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GccflowError } from '../../framework/foundation/error.ts';
import type { Log } from '../../framework/foundation/log.ts';
import type { Writer } from '../../framework/sink/writer.ts';
import { openWriter } from '../../framework/sink/writers/index.ts';
import { entryOf, sinkNode } from '../support/sink-node.ts';
import { type ScratchWarehouse, scratchWarehouse, silentLog } from '../support/warehouse.ts';

interface SinkOptions {
  readonly columns: Readonly<Record<string, unknown>>;
  readonly to?: Readonly<Record<string, unknown>>;
  readonly unknown_fields?: unknown;
  readonly deduplicate_by?: string;
  readonly log?: Log;
}

async function open({ warehouse, database }: ScratchWarehouse, { to = {}, log = silentLog, ...rest }: SinkOptions): Promise<Writer> {
  const node = await sinkNode({ name: 'p', to: { clickhouse: `${database}.t`, ...to }, ...rest });
  return openWriter(node, { warehouse, postgres: null, clock: { now: () => new Date() }, log });
}

async function refusalOf(work: Promise<unknown>): Promise<GccflowError> {
  try {
    await work;
  } catch (thrown) {
    assert.ok(thrown instanceof GccflowError, String(thrown));
    assert.equal(thrown.code, 'SINK_TABLE');
    return thrown;
  }
  assert.fail('the table was taken');
}

const signal = new AbortController().signal;

test('a missing table is created as declared, with its database, engine, keys and memory of tokens', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  await using _ = { [Symbol.asyncDispose]: async () => void (await warehouse.execute(`drop database ${database}_new sync`)) };
  const columns = { id: 'String', at: 'DateTime', 'odd `name`': 'Nullable(Int8)', made: { type: 'DateTime', value: 'now' } };
  const to = {
    clickhouse: `${database}_new.t`,
    create: true,
    engine: 'ReplacingMergeTree(made)',
    order_by: ['at', 'lower(id)'],
    partition_by: 'toYYYYMM(at)',
    ttl: 'at + interval 1 year',
  };

  await open(scratch, { columns, to, unknown_fields: { keep: 'rest' } });
  await open(scratch, { columns, to, unknown_fields: { keep: 'rest' } });

  const [table] = await warehouse.query<{ engine_full: string }>(
    `select engine_full from system.tables where database = '${database}_new'`,
  );
  const names = await warehouse.query<{ name: string; type: string }>(
    `select name, type from system.columns where database = '${database}_new'`,
  );
  assert.match(table?.engine_full ?? '', /^ReplacingMergeTree\(made\) PARTITION BY toYYYYMM\(at\).*ORDER BY \(at, lower\(id\)\) TTL at \+/);
  assert.match(table?.engine_full ?? '', /non_replicated_deduplication_window = 1000/);
  assert.deepEqual(
    names.map(({ name, type }) => `${name} ${type}`),
    ['id String', 'at DateTime', 'odd `name` Nullable(Int8)', 'made DateTime', 'rest String'],
  );
});

test('a table without sorting key of its own is sorted by what identifies a row, and engines without keys get none', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;

  await open(scratch, { columns: { id: 'String' }, deduplicate_by: 'id', to: { create: true } });
  await open(scratch, { columns: { id: 'String' }, to: { clickhouse: `${database}.m`, create: true, engine: 'Memory' } });

  const tables = await warehouse.query(`select name, sorting_key from system.tables where database = '${database}' order by name`);
  assert.deepEqual(tables, [
    { name: 'm', sorting_key: '' },
    { name: 't', sorting_key: 'id' },
  ]);
});

test('a table that is missing is told with the statement that would make it', async () => {
  await using scratch = await scratchWarehouse();

  const { message, hint } = await refusalOf(open(scratch, { columns: { id: 'String' } }));

  assert.match(message, /^The sink 'p' cannot fill scratch_\w+\.t: there is no such table\.$/);
  assert.match(hint ?? '', /create table if not exists `scratch_\w+`\.`t` \(`id` String\) engine = MergeTree order by tuple\(\)/);
});

test('everything in which a table differs is told at once, and the table is left as it was', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const create = `create table ${database}.t (a Int8, b String, c String materialized upper(b), d String, e String default 'x', f Nullable(Int8))`;
  await warehouse.execute(`${create} engine = MergeTree order by a`);
  const before = await warehouse.query(`show create table ${database}.t`);

  const columns = { a: 'Int16', b: 'Nullable(String)', c: 'String', missing: 'Int8' };
  const { message, hint } = await refusalOf(open(scratch, { columns, to: { create: true } }));

  assert.equal(
    message,
    `The sink 'p' cannot fill ${database}.t: its column 'a' is Int8, and Int16 is declared; its column 'b' is String, and Nullable(String) is declared; its column 'c' is MATERIALIZED and takes no value; it has no column 'missing'; its column 'd' (String) has no default, and the sink gives it no value.`,
  );
  assert.match(hint ?? '', /modify column `a` Int16;[\s\S]*add column `missing` Int8;/);
  assert.deepEqual(await warehouse.query(`show create table ${database}.t`), before);
});

test('types that hold the same values are no difference', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const types = [
    'LowCardinality(String)',
    "DateTime('Asia/Kolkata')",
    'Nullable(Int8)',
    'Decimal(10, 2)',
    'Array(LowCardinality(String))',
    "Enum8('a' = 1)",
    'Int32',
    'Tuple(a Int8, b String)',
    'JSON',
  ];
  await warehouse.execute(
    `create table ${database}.t (${types.map((type, n) => `c${n} ${type}`).join(', ')}) engine = MergeTree order by tuple()`,
  );
  const declared = [
    'String',
    "DateTime('UTC')",
    'Int8',
    'decimal(10,2)',
    'Array(String)',
    "enum('a')",
    'INT',
    'Tuple(a Int8,b   String)',
    'JSON',
  ];

  await open(scratch, { columns: Object.fromEntries(declared.map((type, n) => [`c${n}`, type])) });
});

test('a type that ClickHouse does not have is told before anything is created', async () => {
  await using scratch = await scratchWarehouse();

  const { message } = await refusalOf(open(scratch, { columns: { id: 'Strong' }, to: { create: true } }));

  assert.match(message, /ClickHouse does not take the type of a column: Unknown data type family: Strong/);
  assert.deepEqual(await scratch.warehouse.query(`show tables from ${scratch.database}`), []);
});

test('a sorting key that no column has is told with the place of the sink', async () => {
  await using scratch = await scratchWarehouse();

  const { message, at } = await refusalOf(open(scratch, { columns: { id: 'String' }, to: { create: true, order_by: ['ident'] } }));

  assert.match(message, /cannot fill .*: ClickHouse does not create it: Missing columns: 'ident'/);
  assert.ok(at);
});

test('columns that the sink does not give take their defaults', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  await warehouse.execute(
    `create table ${database}.t (id String, n Int8 default 7, big String materialized upper(id), maybe Nullable(Int8)) engine = MergeTree order by id`,
  );
  const writer = await open(scratch, { columns: { id: 'String' } });

  await writer.write([entryOf([{ id: 'a' }])], { token: 't', signal });

  assert.deepEqual(await warehouse.query(`select id, n, big, maybe from ${database}.t`), [{ id: 'a', n: 7, big: 'A', maybe: null }]);
});

test('a table that keeps no tokens is warned of, as repeats are stored twice there', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (_, message) => void warnings.push(message) };
  await warehouse.execute(`create table ${database}.t (id String) engine = MergeTree order by id`);
  const writer = await open(scratch, { columns: { id: 'String' }, log });

  for (const _ of [1, 2]) await writer.write([entryOf([{ id: 'a' }])], { token: 't', signal });
  await open(scratch, { columns: { id: 'String' }, to: { clickhouse: `${database}.u`, create: true }, log });

  assert.deepEqual(warnings, ['table keeps no insert tokens, so a repeated insert is stored twice']);
  assert.deepEqual(await warehouse.query(`select count() as n from ${database}.t`), [{ n: '2' }]);
});
