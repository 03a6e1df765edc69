import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { type Warehouse, WarehouseFault } from '../../framework/connections/warehouse.ts';
import { GccflowError } from '../../framework/foundation/error.ts';
import { quoteName } from '../../framework/foundation/quote.ts';
import { type ScratchWarehouse, scratchWarehouse, silentLog } from '../support/warehouse.ts';

const endless =
  'select sum(sleepEachRow(0.05)) from numbers(100000) settings max_block_size = 1, function_sleep_max_microseconds_per_block = 0';

const bodies = [
  ['CSV', '1,"x,""y"""\n2,a;b\n'],
  ['CSVWithNames', 'b,a\n"x,""y""",1\na;b,2\n'],
  ['TSV', '1\tx,"y"\n2\ta;b\n'],
  ['JSONEachRow', '{"a":1,"b":"x,\\"y\\""}\n{"a":2,"b":"a;b"}\n'],
  ['JSONCompactEachRow', '[1,"x,\\"y\\""]\n[2,"a;b"]\n'],
  ['Values', `(1,'x,"y"'),(2,'a;b')`],
] as const;

for (const over of ['embedded', 'http'] as const) {
  const check = (name: string, run: (scratch: ScratchWarehouse) => Promise<void>): void => {
    test(`${over}: ${name}`, { timeout: 30_000 }, async () => {
      await using scratch = await scratchWarehouse({ over });
      await run(scratch);
    });
  };

  check('a statement says how many rows it wrote', async ({ warehouse, database }) => {
    await warehouse.execute(`create table ${database}.t (a UInt64) engine = MergeTree order by a`);

    const cost = await warehouse.execute(`insert into ${database}.t select number from numbers(1000)`);

    assert.equal(cost.writtenRows, 1000);
    assert.ok(cost.writtenBytes > 0 && cost.elapsedMs > 0);
  });

  check('a setting lasts for its statement', async ({ warehouse }) => {
    const select = `select toUInt64(getSetting('max_block_size')) as size`;

    const [set] = await warehouse.query(select, { settings: { max_block_size: 1234 } });
    const others = await Promise.all(Array.from({ length: 8 }, () => warehouse.query(select)));

    assert.deepEqual(set, { size: '1234' });
    assert.ok(others.every(([row]) => row?.size !== '1234'));
  });

  check('a SET in a statement is not seen by the next', async ({ warehouse }) => {
    await warehouse.execute('set max_block_size = 4321');

    const rows = await Promise.all(Array.from({ length: 8 }, () => warehouse.query(`select getSetting('max_block_size') as size`)));

    assert.ok(rows.every(([row]) => row?.size !== '4321'));
  });

  check('a parameter that a statement misses is not taken from an earlier one', async ({ warehouse }) => {
    await warehouse.query('select {leaked:String} as a', { params: { leaked: 'x' } });

    await assert.rejects(warehouse.query('select {leaked:String} as a'), isFault(456));
  });

  check('any text arrives as it was given, as parameter and in an array', async ({ warehouse }) => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).map((value) => value.toWellFormed());
    await fc.assert(
      fc.asyncProperty(text, fc.array(text, { maxLength: 3 }), async (value, list) => {
        const [row] = await warehouse.query('select {value:String} as value, {list:Array(String)} as list', { params: { value, list } });
        assert.deepEqual(row, { value, list });
      }),
      { numRuns: 30 },
    );
  });

  check('values of other types arrive too', async ({ warehouse }) => {
    const params = { none: null, big: 12n, time: new Date(1_700_000_000_123), map: { k: 1 }, yes: true };

    const [row] = await warehouse.query(
      'select {none:Nullable(String)} as none, {big:UInt64} as big, {time:DateTime64(3)} as time, {map:Map(String, Int32)} as map, {yes:Bool} as yes',
      { params },
    );

    assert.deepEqual(row, { none: null, big: '12', time: '2023-11-14 22:13:20.123', map: { k: 1 }, yes: true });
  });

  check('statements run side by side, with parameters of their own', async ({ warehouse }) => {
    const started = performance.now();

    const rows = await Promise.all(
      [1, 2, 3, 4].map((n) => warehouse.query<{ n: number }>('select {n:Int32} as n, sleep(0.5)', { params: { n } })),
    );

    assert.deepEqual(
      rows.map(([row]) => row?.n),
      [1, 2, 3, 4],
    );
    assert.ok(performance.now() - started < 1900, 'four sleeps of half a second one after the other take two');
  });

  check('a killed query ends within a second', async ({ warehouse }) => {
    const running = assert.rejects(warehouse.query(endless, { queryId: 'it\'s "mine"' }), isFault(394));
    await untilRunning(warehouse, 'it\'s "mine"');
    const killed = performance.now();

    await warehouse.kill('it\'s "mine"');
    const left = await isRunning(warehouse, 'it\'s "mine"');
    await running;

    assert.equal(left, false);
    assert.ok(performance.now() - killed < 1000);
  });

  check('killing what does not run does nothing', async ({ warehouse }) => {
    await warehouse.kill('nothing of that id');
  });

  check('an aborted statement is gone from the engine', async ({ warehouse }) => {
    const aborting = new AbortController();
    const running = assert.rejects(warehouse.execute(endless, { signal: aborting.signal, queryId: 'aborted' }), { code: 'CANCELLED' });
    await untilRunning(warehouse, 'aborted');

    aborting.abort();
    await running;

    await untilGone(warehouse, 'aborted');
  });

  check('progress tells rows read and to be read', async ({ warehouse }) => {
    const told: { readRows: number; totalRows: number | null }[] = [];

    await warehouse.execute('select sum(sleepEachRow(0.01)) from numbers(80) settings max_block_size = 1', {
      onProgress: (progress) => told.push(progress),
    });

    assert.ok(told.length > 0);
    assert.ok(told.every(({ readRows, totalRows }) => totalRows === 80 && readRows <= 80));
  });

  for (const [format, body] of bodies) {
    check(`rows in ${format} are inserted`, async ({ warehouse, database }) => {
      await warehouse.execute(`create table ${database}.t (a Int32, b String) engine = MergeTree order by a`);

      const cost = await warehouse.insert(`${database}.t`, body, { format });

      assert.equal(cost.writtenRows, 2);
      assert.deepEqual(await warehouse.query(`select * from ${database}.t order by a`), [
        { a: 1, b: 'x,"y"' },
        { a: 2, b: 'a;b' },
      ]);
    });
  }

  check('rows in a binary format are inserted from what a stream gave', async ({ warehouse, database }) => {
    await warehouse.execute(`create table ${database}.t (number UInt64) engine = MergeTree order by number`);

    const parquet = await warehouse.stream('select number from numbers(1000)', { format: 'Parquet' });
    const cost = await warehouse.insert(`${database}.t`, parquet, { format: 'Parquet' });

    assert.equal(cost.writtenRows, 1000);
  });

  check('a large body is inserted whole or not at all', async ({ warehouse, database }) => {
    await warehouse.execute(`create table ${database}.t (a Int32, b String) engine = MergeTree order by a`);
    const rows = '1,x\n'.repeat(500_000);

    await assert.rejects(warehouse.insert(`${database}.t`, Readable.from([rows, 'SECRET,x\n']), { format: 'CSV' }), isFault(27));
    const before = await warehouse.query(`select count() as n from ${database}.t`);
    await warehouse.insert(`${database}.t`, Readable.from([rows]), { format: 'CSV' });
    const after = await warehouse.query(`select count() as n from ${database}.t`);

    assert.deepEqual([before, after], [[{ n: '0' }], [{ n: '500000' }]]);
  });

  check('a body that fails half-way inserts nothing', async ({ warehouse, database }) => {
    await warehouse.execute(`create table ${database}.t (a Int32) engine = MergeTree order by a`);
    async function* broken(): AsyncGenerator<string> {
      yield '1\n'.repeat(400_000);
      throw new Error('the file is gone');
    }

    await assert.rejects(warehouse.insert(`${database}.t`, Readable.from(broken(), { objectMode: false }), { format: 'CSV' }));

    assert.deepEqual(await warehouse.query(`select count() as n from ${database}.t`), [{ n: '0' }]);
  });

  check('an empty line among the rows is one of them, and what follows it is not run', async ({ warehouse, database }) => {
    await warehouse.execute(`create table ${database}.t (a String) engine = Memory`);
    const rows = `"two\n\nlines"\n\ntruncate table ${database}.t\n`;

    await warehouse.insert(`${database}.t`, rows, { format: 'CSV' });

    const kept = await warehouse.query(`select a from ${database}.t`);
    assert.deepEqual(kept, [{ a: 'two\n\nlines' }, { a: '' }, { a: `truncate table ${database}.t` }]);
  });

  check('no rows are inserted from an empty body', async ({ warehouse, database }) => {
    await warehouse.execute(`create table ${database}.t (a Int32) engine = MergeTree order by a`);

    const cost = await warehouse.insert(`${database}.t`, '', { format: 'CSV' });

    assert.equal(cost.writtenRows, 0);
  });

  check('names with quotes, spaces and unicode work everywhere', async ({ warehouse, database }) => {
    const [table, column] = ['we`i\\rd "t" 名', "a'b `c` select"];
    const quoted = `${database}.${quoteName(table, 'clickhouse')}`;
    await warehouse.execute(`create table ${quoted} (${quoteName(column, 'clickhouse')} String) engine = MergeTree order by tuple()`);

    await warehouse.insert(quoted, '"ü"\n', { format: 'CSV', columns: [column] });

    assert.deepEqual(await warehouse.query(`select * from ${quoted}`), [{ [column]: 'ü' }]);
  });

  check('a value that does not parse is named by row, column and type, and never quoted', async ({ warehouse, database }) => {
    await warehouse.execute(
      `create table ${database}.t (a Int32, d Nullable(Date), u UUID, e Enum8('x' = 1)) engine = MergeTree order by a`,
    );
    const good = ['1', '2020-01-01', '7d444840-9dc0-11d1-b245-5ffdce74fad2', 'x'];
    const places = [];

    for (const column of good.keys()) {
      const bad = good.with(column, 'SECRET');
      const error = await caught(warehouse.insert(`${database}.t`, `${good}\n${bad}\n`, { format: 'CSV' }));
      assert.doesNotMatch(`${error.message} ${error.cause} ${JSON.stringify(error.cause)}`, /SECRET/);
      places.push((error.cause as WarehouseFault).parse);
    }

    assert.deepEqual(places[0], { row: 2, column: 'a', type: 'Int32' });
    assert.deepEqual(places[1], { row: 2, column: 'd', type: 'Nullable(Date)' });
    assert.equal(places[2]?.row, 2); // ClickHouse has forgotten the column of a UUID
    assert.deepEqual(places[3], { row: 2, column: 'e', type: "Enum8('x' = 1)" });
  });

  check('a mistake is placed in the text as it was written', async ({ warehouse }) => {
    const error = await caught(warehouse.query('select 1 frm x'));

    assert.equal(error.code, 'WAREHOUSE_QUERY');
    assert.match(error.message, /SYNTAX_ERROR, code 62.*position 14 .*line 1, col 14/);
  });

  check('what may pass later is told from what never will', async ({ warehouse, database }) => {
    await warehouse.execute(
      `create table ${database}.t (a Int32) engine = MergeTree order by a settings parts_to_throw_insert = 1, parts_to_delay_insert = 1`,
    );
    await warehouse.execute(`system stop merges ${database}.t`);
    await warehouse.insert(`${database}.t`, '1\n', { format: 'CSV' });

    const tooMany = await caught(warehouse.insert(`${database}.t`, '2\n', { format: 'CSV' }));
    const ownLimit = await caught(
      warehouse.query('select groupArray(number) from numbers(10000000)', { settings: { max_memory_usage: 1_000_000 } }),
    );

    assert.deepEqual([faultIn(tooMany).code, faultIn(tooMany).retriable], [252, true]);
    assert.deepEqual([faultIn(ownLimit).code, faultIn(ownLimit).retriable], [241, false]);
  });

  check('formats with a header, a footer or brackets come whole', async ({ warehouse }) => {
    const csv = await textOf(
      await warehouse.stream('select number from numbers(3) settings max_block_size = 1', { format: 'CSVWithNames' }),
    );
    const json = await textOf(await warehouse.stream('select number from numbers(3) settings max_block_size = 1', { format: 'JSON' }));

    assert.equal(csv, '"number"\n0\n1\n2\n');
    assert.equal(JSON.parse(json).rows, 3);
  });

  check('a stream waits for its reader', async ({ warehouse }) => {
    const stream = await warehouse.stream('select number, toString(number) as text from numbers(20000000)', {
      format: 'TSV',
      queryId: 'slow reader',
    });
    const first = await nextChunk(stream);
    await wait(200); // as long as the reader waits, so must the query
    const running = await isRunning(warehouse, 'slow reader');
    const before = process.memoryUsage();
    let peak = 0;
    let bytes = first.length;

    for await (const chunk of stream) {
      bytes += chunk.length;
      peak = Math.max(peak, process.memoryUsage().external - before.external);
    }

    assert.equal(running, true);
    assert.equal(bytes, 337_777_780);
    assert.ok(peak < 150_000_000, `${peak} bytes of chunks held`);
  });

  check('a stream that is given up ends its query', async ({ warehouse }) => {
    const stream = await warehouse.stream('select number from numbers(500000000000)', { format: 'CSV', queryId: 'given up' });
    await nextChunk(stream);

    stream.destroy();

    await untilGone(warehouse, 'given up');
  });

  check('a failure in mid-stream reaches the reader', async ({ warehouse }) => {
    const stream = await warehouse.stream('select throwIf(number = 3000000) from numbers(5000000)', { format: 'CSV' });

    await assert.rejects(textOf(stream), isFault(395));
  });
}

test('the summary that a server sends with its answer is what a statement costs', async () => {
  const summary = { read_rows: '7', read_bytes: '56', written_rows: '5', written_bytes: '40', elapsed_ns: '3000000', memory_usage: '4096' };
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'X-ClickHouse-Summary': JSON.stringify(summary) }).end('{"version":"25.3.1.1"}\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const config = { type: 'clickhouse', url: `http://127.0.0.1:${port}`, database: 'dbt', cluster: null } as const;
  const figures = { elapsedMs: 3, readRows: 7, readBytes: 56, writtenRows: 5, writtenBytes: 40, memoryBytes: 4096 };

  {
    await using warehouse = await openWarehouse(config, { projectDir: '.', sessions: 1, log: silentLog });
    const written = await warehouse.execute('insert into t select 1', { queryId: 'q1' });
    let read: unknown;
    await warehouse.query('select 1', {
      queryId: 'q2',
      onCost: (cost) => {
        read = cost;
      },
    });

    assert.deepEqual(written, { queryId: 'q1', ...figures });
    assert.deepEqual(read, { queryId: 'q2', ...figures });
  }
  server.close();
});

test('a cluster is refused before anything is asked of it', async () => {
  const config = { type: 'clickhouse', url: 'http://127.0.0.1:1', database: 'dbt', cluster: 'main' } as const;

  await assert.rejects(openWarehouse(config, { projectDir: '.', sessions: 1, log: silentLog }), {
    code: 'WAREHOUSE_UNSUPPORTED',
    message: /the cluster 'main'/,
  });
});

test('an address where nothing listens is unreachable, and its password is not told', async () => {
  const config = { type: 'clickhouse', url: 'http://someone:SECRET@127.0.0.1:1', database: 'dbt', cluster: null } as const;

  const error = await caught(openWarehouse(config, { projectDir: '.', sessions: 1, log: silentLog }));

  assert.equal(error.code, 'WAREHOUSE_UNREACHABLE');
  assert.equal(faultIn(error).retriable, true);
  assert.doesNotMatch(`${error.message}${error.hint}${error.stack}${JSON.stringify(error)}`, /SECRET/);
});

function isFault(code: number) {
  return (error: unknown) => error instanceof GccflowError && error.code === 'WAREHOUSE_QUERY' && faultIn(error).code === code;
}

function faultIn(error: GccflowError): WarehouseFault {
  assert.ok(error.cause instanceof WarehouseFault);
  return error.cause;
}

async function caught(work: Promise<unknown>): Promise<GccflowError> {
  const error = await work.then(
    () => assert.fail('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GccflowError, String(error));
  return error;
}

async function textOf(stream: Readable): Promise<string> {
  return Buffer.concat(await stream.toArray()).toString('utf8');
}

async function nextChunk(stream: Readable): Promise<Buffer> {
  const { value } = await stream.iterator({ destroyOnReturn: false }).next();
  return value;
}

async function isRunning(warehouse: Warehouse, queryId: string): Promise<boolean> {
  const rows = await warehouse.query<{ query_id: string; query: string }>('select query_id, query from system.processes');
  return rows.some((row) => row.query_id === queryId || row.query.startsWith(`/* gccflow query_id=${queryId} */`));
}

async function untilRunning(warehouse: Warehouse, queryId: string): Promise<void> {
  while (!(await isRunning(warehouse, queryId))) await wait(5);
}

async function untilGone(warehouse: Warehouse, queryId: string): Promise<void> {
  while (await isRunning(warehouse, queryId)) await wait(5);
}
