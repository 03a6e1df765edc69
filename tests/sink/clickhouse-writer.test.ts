import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Warehouse } from '../../framework/connections/warehouse.ts';
import { GccflowError } from '../../framework/foundation/error.ts';
import type { Entry, Fields } from '../../framework/sink/entry.ts';
import type { Writer } from '../../framework/sink/writer.ts';
import { openWriter } from '../../framework/sink/writers/index.ts';
import { entryOf, faultOf, sinkNode } from '../support/sink-node.ts';
import { until } from '../support/until.ts';
import { type ScratchOptions, scratchWarehouse, silentLog } from '../support/warehouse.ts';
import { recordWarehouse } from '../support/watched-warehouse.ts';

interface SinkOptions {
  readonly columns?: Readonly<Record<string, unknown>>;
  readonly to?: Readonly<Record<string, unknown>>;
  readonly deduplicate_by?: string;
}

const columns = { id: 'String', n: 'Int32', at: 'DateTime' };

async function open(warehouse: Warehouse, database: string, { to = {}, ...rest }: SinkOptions = {}): Promise<Writer> {
  const sink = { name: 'p', to: { clickhouse: `${database}.t`, create: true, ...to }, columns, deduplicate_by: 'id', ...rest };
  const node = await sinkNode(sink);
  return openWriter(node, { warehouse, postgres: null, clock: { now: () => new Date() }, log: silentLog });
}

const signal = new AbortController().signal;

function write(writer: Writer, entries: readonly Entry[], token = 't'): Promise<void> {
  return writer.write(entries, { token, signal });
}

const row = (id: string, details: Fields = {}): Fields => ({ id, n: 1, at: 1_700_000_000, ...details });
const entry = (id: string, details: Fields = {}): Entry => entryOf([row(id, details)], [id]);

async function idsOf(warehouse: Warehouse, database: string): Promise<string[]> {
  const rows = await warehouse.query<{ id: string }>(`select id from ${database}.t order by id`);
  return rows.map(({ id }) => id);
}

for (const over of ['embedded', 'http'] as const satisfies ScratchOptions['over'][]) {
  test(`a batch is one insert, and its repeat under the same token stores nothing, ${over}`, async () => {
    await using scratch = await scratchWarehouse({ over });
    const { warehouse, statements } = recordWarehouse(scratch.warehouse);
    const writer = await open(warehouse, scratch.database, { to: { partition_by: 'toYYYYMM(at)' } });
    const entries = [entryOf([row('a'), row('b', { at: 1_600_000_000 })]), entryOf([]), entryOf([row('c', { at: 1_500_000_000 })])];

    for (const _ of [1, 2, 3]) await write(writer, entries);
    await write(writer, entries, 'another');
    const inserts = statements.filter(({ sql }) => sql.startsWith('insert'));

    assert.deepEqual(await idsOf(warehouse, scratch.database), ['a', 'a', 'b', 'b', 'c', 'c']);
    assert.deepEqual(new Set(inserts.map(({ queryId }) => queryId)), new Set(['gccflow-sink-p-t', 'gccflow-sink-p-another']));
    assert.equal(inserts.length, 4);
  });

  test(`a refused row is told by its entry and stores none of the batch, ${over}`, async () => {
    await using scratch = await scratchWarehouse({ over });
    const writer = await open(scratch.warehouse, scratch.database);
    const entries = [entryOf([row('a'), row('b')]), entryOf([]), entryOf([row('c'), row('d', { n: 'hunter2' })]), entry('e')];

    const fault = await faultOf(write(writer, entries));

    assert.deepEqual([fault.kind, fault.culprit], ['data', 2]);
    assert.doesNotMatch(JSON.stringify([fault.message, String(fault.cause)]), /hunter2/);
    assert.deepEqual(await idsOf(scratch.warehouse, scratch.database), []);
  });

  test(`rows that are there are found by their identity, and none that only share a part, ${over}`, async () => {
    await using scratch = await scratchWarehouse({ over });
    const writer = await open(scratch.warehouse, scratch.database, { to: { partition_by: 'toYYYYMM(at)' } });
    const ids = Array.from({ length: 5000 }, (_, n) => `${n}'\\ "é`);
    const stored = ids.map((id, n) => entry(id, { at: 1_700_000_000 + n * 3600 }));
    const half = entryOf([row(ids[0] ?? ''), row('none')], [ids[0] ?? '', 'none']);
    const absent = entry('absent');
    const empty = entryOf([], []);
    await write(writer, stored);

    const found = await writer.findStored([...stored, half, absent, empty], signal);

    assert.deepEqual(found, new Set([...stored, empty]));
    assert.deepEqual(await writer.findStored([], signal), new Set());
  });
}

test('a batch of 20,000 rows is one part, all of it or nothing', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const writer = await open(warehouse, database);
  const entries = Array.from({ length: 20_000 }, (_, n) => entry(`${n}`, { n }));

  await write(writer, entries);
  await write(writer, entries);

  const parts = await warehouse.query(`select rows from system.parts where database = '${database}' and active`);
  assert.deepEqual(parts, [{ rows: '20000' }]);
});

test('rows of more months than ClickHouse lets one insert write are stored nevertheless', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const writer = await open(warehouse, database, { to: { partition_by: 'toYYYYMM(at)' } });
  const entries = Array.from({ length: 105 }, (_, n) => entry(`${n}`, { at: n * 31 * 86_400 }));

  await write(writer, entries);

  assert.equal((await idsOf(warehouse, database)).length, 105);
});

test('identities of other types than text are found too', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const kinds = {
    UInt64: '18446744073709551615',
    UUID: '5f0c6a1e-8f1b-4c3a-9d2e-0a1b2c3d4e5f',
    'FixedString(8)': 'abc',
    'Decimal(10, 2)': '1.5',
  };

  for (const [type, id] of Object.entries(kinds)) {
    const to = { clickhouse: `${database}.${type.slice(0, 4)}` };
    const writer = await open(warehouse, database, { to, columns: { id: type } });
    const one = entryOf([{ id }], [id]);
    await write(writer, [one]);

    assert.deepEqual(await writer.findStored([one], signal), new Set([one]), type);
  }
});

test('a search reads only the parts of the months that its rows are of', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, statements } = recordWarehouse(scratch.warehouse);
  const { database } = scratch;
  const to = { partition_by: 'toYYYYMM(at)', order_by: ['id', 'day', 'fine', 'made'] };
  const typed = {
    ...columns,
    day: 'Date',
    fine: { type: 'DateTime64(3)', default: '2024-01-01' },
    made: { type: 'DateTime', value: 'now' },
  };
  const writer = await open(warehouse, database, { to, columns: typed });
  const of = (id: string, at: string): Entry => {
    const seconds = Math.floor(Date.parse(at) / 1000);
    return entryOf([{ id, n: 1, at: seconds, day: at.slice(0, 10), fine: at, made: seconds }], [id]);
  };
  const [old, young] = [of('a', '2020-01-31T23:59:59.999Z'), of('b', '2024-05-05T12:00:00.500Z')];
  await write(writer, [old, young]);

  const found = await writer.findStored([young], signal);
  const search = statements.at(-1)?.sql ?? '';
  const read = await warehouse.query<{ explain: string }>(`explain indexes = 1 ${search}`);

  assert.deepEqual(found, new Set([young]));
  assert.deepEqual(await writer.findStored([old, young], signal), new Set([old, young]));
  assert.doesNotMatch(search, /`made`/, 'nothing tells when a message without a time was published');
  assert.ok(
    read.some(({ explain }) => /Parts: 1\/2/.test(explain)),
    JSON.stringify(read),
  );
});

test('a table sorted by arrival is searched from the time on at which the messages were published', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, statements } = recordWarehouse(scratch.warehouse);
  const { database } = scratch;
  const typed = { id: 'String', made: { type: 'DateTime', value: 'now' }, came: { type: 'Date', delivery: 'received_at' } };
  const writer = await open(warehouse, database, { to: { partition_by: 'toYYYYMM(made)', order_by: ['id', 'came'] }, columns: typed });
  const of = (id: string, at: string): Entry => {
    const made = Date.parse(at) / 1000;
    return entryOf([{ id, made, came: at.slice(0, 10) }], [id], { publishedAt: new Date(at) });
  };
  const [old, young] = [of('a', '2020-01-31T23:59:59Z'), of('b', '2024-05-05T12:00:00Z')];
  await write(writer, [old, young]);

  const found = await writer.findStored([of('b', '2024-05-05T12:30:00Z')], signal);
  const read = await warehouse.query<{ explain: string }>(`explain indexes = 1 ${statements.at(-1)?.sql}`);

  assert.equal(found.size, 1);
  assert.ok(
    read.some(({ explain }) => /Parts: 1\/2/.test(explain)),
    JSON.stringify(read),
  );
  assert.equal((await writer.findStored([old, young], signal)).size, 2);
});

test('a message that says it was published in the far future is searched everywhere', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const writer = await open(warehouse, database, {
    to: { partition_by: 'toYYYYMM(made)', order_by: 'id' },
    columns: { id: 'String', made: { type: 'DateTime', value: 'now' } },
  });
  const inMilliseconds = new Date(1_700_000_000_000 * 1000);
  const entry = entryOf([{ id: 'a', made: 1_700_000_001 }], ['a'], { publishedAt: inMilliseconds });
  await write(writer, [entry]);

  assert.equal((await writer.findStored([entry], signal)).size, 1);
});

test('the last second of a type is found as any other', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const typed = { id: 'String', at: 'DateTime', day: 'Date', fine: 'DateTime64(3)' };
  const writer = await open(warehouse, database, { to: { partition_by: 'toYYYYMM(at)', order_by: ['day', 'fine'] }, columns: typed });
  const ends = [
    entryOf([{ id: 'a', at: 0, day: '1970-01-01', fine: '1900-01-01T00:00:00.000Z' }], ['a']),
    entryOf([{ id: 'b', at: 4_294_967_295, day: '2149-06-06', fine: '2299-12-31T23:59:59.999Z' }], ['b']),
  ];
  await write(writer, ends);

  for (const end of ends) assert.equal((await writer.findStored([end], signal)).size, 1);
});

test('a search waits for inserts of the sink that still run, and for no other', async () => {
  await using scratch = await scratchWarehouse({ over: 'http' });
  const { warehouse, database } = scratch;
  const writer = await open(warehouse, database);
  const insertFor = (seconds: number, queryId: string): Promise<unknown> => {
    const select = `select toString(number), 1, now() from numbers(4) where sleepEachRow(${seconds / 4}) = 0`;
    return warehouse.execute(`insert into ${database}.t ${select}`, { queryId });
  };
  const mine = insertFor(1, 'gccflow-sink-p-dead');
  const other = insertFor(2.8, 'gccflow-sink-pq-dead');
  await until(async () => (await running(warehouse)) === 2, 'both inserts run');

  const found = await writer.findStored([entry('3')], signal);
  const left = await running(warehouse);
  await Promise.all([mine, other]);

  assert.equal(found.size, 1, 'the first insert was stored by then');
  assert.equal(left, 1, 'the second still ran');
});

async function running(warehouse: Warehouse): Promise<number> {
  const sql = `select count() as n from system.processes where startsWith(query_id, 'gccflow-sink-p')`;
  const [row] = await warehouse.query<{ n: string }>(sql);
  return Number(row?.n);
}

test('two tries of one batch at once store it once', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const writer = await open(warehouse, database);

  await Promise.all([write(writer, [entry('a')]), write(writer, [entry('a')])]);

  assert.deepEqual(await idsOf(warehouse, database), ['a']);
});

test('a constraint tells the entry that violates it, and no value', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  await warehouse.execute(
    `create table ${database}.t (id String, n Int32, at DateTime, constraint positive check n > 0) engine = MergeTree order by id`,
  );
  const writer = await open(warehouse, database);

  const fault = await faultOf(write(writer, [entry('a'), entryOf([row('b'), row('c', { n: -424242 })]), entry('d')]));

  assert.deepEqual([fault.kind, fault.code, fault.culprit], ['data', 'VIOLATED_CONSTRAINT', 1]);
  assert.doesNotMatch(`${fault.message} ${fault.cause}`, /424242/);
});

test('too many parts asks for larger batches, and the same batch passes later', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const writer = await open(warehouse, database);
  await warehouse.execute(`system stop merges ${database}.t`);
  await write(writer, [entry('a')], '1');
  await warehouse.execute(`alter table ${database}.t modify setting parts_to_throw_insert = 1, parts_to_delay_insert = 1`);

  const fault = await faultOf(write(writer, [entry('b')], '2'));
  await warehouse.execute(`alter table ${database}.t reset setting parts_to_throw_insert, parts_to_delay_insert`);
  await write(writer, [entry('b')], '2');

  assert.deepEqual([fault.kind, fault.code, fault.resize], ['load', 'TOO_MANY_PARTS', 'grow']);
  assert.deepEqual(await idsOf(warehouse, database), ['a', 'b']);
});

test('a table that is dropped or altered is a matter of setup, and writing goes on when it is back', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const writer = await open(warehouse, database);

  await warehouse.execute(`alter table ${database}.t drop column n`);
  const altered = await faultOf(write(writer, [entry('a')]));
  await warehouse.execute(`drop table ${database}.t sync`);
  const dropped = await faultOf(write(writer, [entry('a')]));
  const unsearched = await faultOf(writer.findStored([entry('a')], signal));
  await open(warehouse, database);
  await write(writer, [entry('a')]);

  assert.deepEqual([altered.kind, altered.code], ['setup', 'NO_SUCH_COLUMN_IN_TABLE']);
  assert.deepEqual([dropped.kind, dropped.code], ['setup', 'UNKNOWN_TABLE']);
  assert.equal(unsearched.kind, 'setup');
  assert.deepEqual(await idsOf(warehouse, database), ['a']);
});

test('a view that fails is repaired by the repeat, and the table has the rows once', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const writer = await open(warehouse, database);
  await warehouse.execute(
    `create table ${database}.by_id (id String, n Int64) engine = MergeTree order by id settings non_replicated_deduplication_window = 100`,
  );
  await warehouse.execute(`create materialized view ${database}.v to ${database}.by_id as select id, n from ${database}.t`);
  await warehouse.execute(`rename table ${database}.by_id to ${database}.away`);

  await faultOf(write(writer, [entry('a')]));
  await warehouse.execute(`rename table ${database}.away to ${database}.by_id`);
  for (const _ of [1, 2]) await write(writer, [entry('a')]);

  assert.deepEqual(await idsOf(warehouse, database), ['a']);
  assert.deepEqual(await warehouse.query(`select id from ${database}.by_id`), [{ id: 'a' }]);
});

test('a write that is stopped is stopped in ClickHouse too', async () => {
  await using scratch = await scratchWarehouse();
  const writer = await open(scratch.warehouse, scratch.database);
  const stop = new AbortController();
  stop.abort(new Error('stopped by SIGTERM'));

  const stopped = writer.write([entry('a')], { token: 't', signal: stop.signal });

  await assert.rejects(stopped, (error) => error instanceof GccflowError && error.code === 'CANCELLED');
  assert.deepEqual(await idsOf(scratch.warehouse, scratch.database), []);
});
