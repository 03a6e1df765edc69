import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type ClickHouseClient, ClickHouseError, createClient } from '@clickhouse/client';
import { type Served, serveWarehouse } from '../../framework/connections/serve-warehouse.ts';
import { silentLog } from '../support/warehouse.ts';

let dir: string;
let served: Served;
let client: ClickHouseClient;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gccflow-serve-'));
  served = await serveWarehouse({ type: 'embedded', path: 'warehouse', database: 'dbt' }, { projectDir: dir, log: silentLog });
  client = createClient({
    url: served.url,
    username: served.user,
    password: served.password,
    compression: { request: true, response: true },
    log: { level: 127 }, // errors are what these tests are about
  });
  await client.command({ query: 'create table dbt.big (number UInt64, text String) engine = MergeTree order by number' });
});

after(async () => {
  await client.close();
  await served[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

test("the target's database is there on a warehouse that nothing ran on before", async () => {
  const result = await client.query({ query: "select engine from system.databases where name = 'dbt'", format: 'JSONEachRow' });

  assert.deepEqual(await result.json(), [{ engine: 'Atomic' }]);
});

test('the official client queries, with parameters, settings and compression both ways', async () => {
  const result = await client.query({
    query: `select {n:UInt8} as n, toUInt32(getSetting('max_threads')) as threads`,
    query_params: { n: 7 },
    clickhouse_settings: { max_threads: 3 },
    format: 'JSONEachRow',
    query_id: 'mine',
  });

  assert.deepEqual(await result.json(), [{ n: 7, threads: 3 }]);
  assert.equal(result.query_id, 'mine');
});

test('the official client inserts a stream of a million rows', async () => {
  const rows = Array.from({ length: 100 }, (_, part) =>
    Array.from({ length: 10_000 }, (_, row) => `${part * 10_000 + row},text${row}\n`).join(''),
  );

  const { summary } = await client.insert({ table: 'dbt.big', values: Readable.from(rows, { objectMode: false }), format: 'CSV' });
  const counted = await client.query({ query: 'select count() as n, uniqExact(number) as u from dbt.big', format: 'JSONEachRow' });

  assert.equal(summary?.written_rows, '1000000');
  assert.deepEqual(await counted.json(), [{ n: 1000000, u: 1000000 }]);
});

test('the official client inserts objects, runs commands and pings', async () => {
  await client.command({ query: 'create or replace table dbt.objects (a UInt8, b Array(String)) engine = MergeTree order by a' });
  await client.insert({ table: 'dbt.objects', values: [{ a: 1, b: ['x', "y'"] }], format: 'JSONEachRow' });
  const exec = await client.exec({ query: 'select * from dbt.objects format JSONEachRow' });

  assert.equal(Buffer.concat(await exec.stream.toArray()).toString(), `{"a":1,"b":["x","y'"]}\n`);
  assert.equal((await client.ping()).success, true);
  assert.equal((await client.ping({ select: true })).success, true);
});

test('a failing statement comes as its code, type and status', async () => {
  await assert.rejects(client.query({ query: 'select * from dbt.nowhere' }), (error: unknown) => {
    assert.ok(error instanceof ClickHouseError);
    assert.deepEqual([error.code, error.type], ['60', 'UNKNOWN_TABLE']);
    return true;
  });
  const answer = await ask('select * from dbt.nowhere');

  assert.equal(answer.status, 404);
  assert.equal(answer.headers.get('x-clickhouse-exception-code'), '60');
  assert.match(await answer.text(), /^Code: 60\. DB::Exception: .*\(UNKNOWN_TABLE\) \(version \d+\.\d+/);
});

test('a failure in mid-stream breaks the stream off with its text', async () => {
  const result = await client.query({ query: 'select throwIf(number = 3000000) from numbers(5000000)', format: 'JSONEachRow' });

  await assert.rejects(result.text());
  await assert.rejects(ask('select throwIf(number = 3000000) from numbers(5000000)').then((answer) => answer.text()));
});

test('wait_end_of_query gives a failure in mid-stream a status of its own', async () => {
  const answer = await ask('select throwIf(number = 3000000) from numbers(5000000)', { wait_end_of_query: '1' });

  assert.equal(answer.status, 500);
  assert.equal(answer.headers.get('x-clickhouse-exception-code'), '395');
});

test('a wrong password is refused, on every way to give one', async () => {
  const basic = (password: string) => ({ Authorization: `Basic ${Buffer.from(`${served.user}:${password}`).toString('base64')}` });
  const keys = (password: string) => ({ 'X-ClickHouse-User': served.user, 'X-ClickHouse-Key': password });
  const at = (query: string) => `${served.url}/?query=select+1${query}`;

  const right = [
    await fetch(at(''), { headers: basic(served.password) }),
    await fetch(at(''), { headers: keys(served.password) }),
    await fetch(at(`&user=${served.user}&password=${served.password}`)),
  ];
  const wrong = [
    await fetch(at(''), { headers: basic('x') }),
    await fetch(at(''), { headers: keys('') }),
    await fetch(at('&password=x')),
    await fetch(at('')),
  ];

  assert.deepEqual(
    right.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.deepEqual(
    wrong.map(({ status, headers }) => [status, headers.get('x-clickhouse-exception-code')]),
    wrong.map(() => [403, '516']),
  );
});

test('ping and replicas_status need no password', async () => {
  for (const path of ['/ping', '/replicas_status', '/']) {
    const answer = await fetch(served.url + path);
    assert.deepEqual([answer.status, await answer.text()], [200, 'Ok.\n']);
  }
  assert.equal((await fetch(`${served.url}/nowhere`)).status, 404);
});

test('a statement may stand in the url, in the body, or in both', async () => {
  const post = async (query: string, body: string) => (await ask(query, {}, body)).text();

  assert.equal(await (await ask('select 1')).text(), '1\n');
  assert.equal(await post('', 'select 2'), '2\n');
  assert.equal(await post('select 3', ' + 4'), '7\n');
});

for (const [where, query, body] of [
  ['the body after the statement', '', `insert into dbt.rows format CSV\n1,"a;b"\n2,'c\n`],
  ['the body, the statement in the url', 'insert into dbt.rows (a, b) format CSV', `1,"a;b"\n2,'c\n`],
  ['the body, with settings before the format', "insert into dbt.rows settings format_csv_delimiter = '|' format CSV", `1|"a;b"\n2|'c\n`],
  ['a VALUES in the body', '', `insert into dbt.rows values (1, 'a;b'), (2, '\\'c')`],
  ['a VALUES that begins in the url', 'insert into dbt.rows values', `(1, 'a;b'), (2, '\\'c')`],
] as const) {
  test(`an insert takes its rows from ${where}`, async () => {
    await client.command({ query: 'create or replace table dbt.rows (a UInt8, b String) engine = MergeTree order by a' });

    const answer = await ask(query, {}, body);
    const rows = await ask('select * from dbt.rows order by a format CSV');

    assert.equal(answer.status, 200, await answer.text());
    assert.equal(JSON.parse(answer.headers.get('x-clickhouse-summary') ?? '{}').written_rows, '2');
    assert.equal(await rows.text(), `1,"a;b"\n2,"'c"\n`);
  });
}

for (const [encoding, compress] of [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
] as const) {
  test(`a body in ${encoding} is read`, async () => {
    const answer = await ask('', {}, compress(Buffer.from('select 42')), { 'Content-Encoding': encoding });

    assert.equal(await answer.text(), '42\n');
  });
}

test('a body in an unknown encoding, or torn, is refused', async () => {
  const unknown = await ask('', {}, 'select 42', { 'Content-Encoding': 'lz77' });
  const torn = await ask('', {}, gzipSync(Buffer.from('select 42')).subarray(0, 12), { 'Content-Encoding': 'gzip' });

  assert.equal(unknown.status, 501);
  assert.equal(torn.status, 500);
});

test('an answer is compressed when the client asks for it', async () => {
  const plain = await raw('select number from numbers(1000)', { 'Accept-Encoding': 'gzip' }, '');
  const gzip = await raw('select number from numbers(1000)', { 'Accept-Encoding': 'gzip' }, '&enable_http_compression=1');
  const zstd = await raw('select number from numbers(1000)', { 'Accept-Encoding': 'gzip, zstd' }, '&enable_http_compression=1');

  assert.deepEqual([plain.encoding, gzip.encoding, zstd.encoding], [undefined, 'gzip', 'zstd']);
  assert.deepEqual(gunzipSync(gzip.body), plain.body);
  assert.deepEqual(zstdDecompressSync(zstd.body), plain.body);
});

test('a session keeps temporary tables and settings, and is locked while it works', async () => {
  const session = { session_id: 'one' };
  await ask('create temporary table t (a UInt8)', session, '');
  await ask('insert into t values (1)', session, '');
  await ask('set max_block_size = 77', session, '');
  const running = ask('select sleep(0.5)', session);
  await wait(100);
  const locked = await ask('select 1', session);
  await (await running).text();
  const kept = await ask(`select a, toUInt32(getSetting('max_block_size')) from t`, session);
  const elsewhere = await ask('select * from t', { session_id: 'two' });
  const gone = await ask('select 1', { session_id: 'three', session_check: '1' });

  assert.equal(locked.headers.get('x-clickhouse-exception-code'), '373');
  assert.equal(await kept.text(), '1\t77\n');
  assert.equal(elsewhere.status, 404);
  assert.equal(gone.headers.get('x-clickhouse-exception-code'), '372');
});

test('a database and a default format hold for their statement', async () => {
  const there = await ask('select count() >= 0 as yes from big', { database: 'dbt', default_format: 'JSONEachRow' });
  const nowhere = await ask('select count() from big');

  assert.equal(await there.text(), '{"yes":1}\n');
  assert.equal(there.headers.get('x-clickhouse-format'), 'JSONEachRow');
  assert.equal(nowhere.status, 404);
});

test('a GET writes nothing', async () => {
  const answer = await ask('drop table dbt.big');

  assert.equal(answer.headers.get('x-clickhouse-exception-code'), '164');
});

test("a query is seen and killed by its client's id", async () => {
  const running = assert.rejects(
    client.query({ query: endless, query_id: 'client-id' }).then((result) => result.text()),
    { code: '394' },
  );
  let seen = '';
  while (seen === '') seen = await (await ask(`select query from system.processes where query_id = 'client-id'`)).text();

  await client.command({ query: `kill query where query_id = 'client-id' async` });
  await running;

  assert.match(seen, /^select sum\(sleepEachRow/);
});

test('a query whose client went away is ended', async () => {
  const leaving = new AbortController();
  const running = assert.rejects(ask(endless, { query_id: 'left' }, undefined, {}, leaving.signal));
  while ((await count(`query_id = 'left'`)) === 0) await wait(5);

  leaving.abort();
  await running;

  while ((await count(`query_id = 'left'`)) > 0) await wait(5);
});

for (const [way, leave] of [
  ['closes its connection', (socket: Socket) => void socket.end()],
  ['is cut off', (socket: Socket) => void socket.resetAndDestroy()],
] as const) {
  for (const [what, sql] of [
    ['insert', 'insert into dbt.slow select sleepEachRow(0.02) from numbers(30) settings max_block_size = 1'],
    ['query', 'select sleepEachRow(0.02) from numbers(30) settings max_block_size = 1 format JSON'],
  ] as const) {
    test(`serving outlives a client that ${way} while headers tell the progress of its ${what}`, { timeout: 60_000 }, async () => {
      using uncaught = uncaughtErrors();
      await client.command({ query: 'create or replace table dbt.slow (slept UInt8) engine = MergeTree order by slept' });
      const socket = connect(Number(new URL(served.url).port), '127.0.0.1').on('error', () => {});
      const options = 'query_id=leaver&send_progress_in_http_headers=1&http_headers_progress_interval_ms=10&wait_end_of_query=1';
      const auth = `X-ClickHouse-User: ${served.user}\r\nX-ClickHouse-Key: ${served.password}`;
      socket.write(`POST /?${options} HTTP/1.1\r\nHost: here\r\n${auth}\r\nContent-Length: ${sql.length}\r\n\r\n${sql}`);
      while (!/X-ClickHouse-Progress/.test(String((await once(socket, 'data'))[0])));

      leave(socket);
      while ((await count(`query_id = 'leaver'`)) > 0) await wait(5);
      const answer = await ask('select 1');
      const inserted = await ask('select count() from dbt.slow');

      assert.equal(await answer.text(), '1\n');
      assert.equal(await inserted.text(), what === 'insert' ? '30\n' : '0\n');
      assert.deepEqual(uncaught.messages, []); // each would end a process that only serves
    });
  }
}

test('progress comes in headers while the query runs', async () => {
  const answer = await raw(
    'select sum(sleepEachRow(0.005)) from numbers(100) settings max_block_size = 1',
    {},
    '&send_progress_in_http_headers=1&http_headers_progress_interval_ms=50',
  );

  const progress = answer.headers
    .filter((_, index, all) => all[index - 1]?.toLowerCase() === 'x-clickhouse-progress')
    .map((text) => JSON.parse(text));
  assert.ok(progress.length > 1);
  assert.ok(progress.every((told) => told.total_rows_to_read === '100'));
  assert.equal(answer.body.toString(), '0\n');
});

const endless =
  'select sum(sleepEachRow(0.05)) from numbers(100000) settings max_block_size = 1, function_sleep_max_microseconds_per_block = 0';

function ask(
  query: string,
  options: Record<string, string> = {},
  body?: string | Buffer,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
) {
  const url = `${served.url}/?${new URLSearchParams({ ...(query !== '' && { query }), ...options })}`;
  const auth = { 'X-ClickHouse-User': served.user, 'X-ClickHouse-Key': served.password };
  const sent = body === undefined ? null : typeof body === 'string' ? body : new Uint8Array(body);
  return fetch(url, { method: body === undefined ? 'GET' : 'POST', body: sent, headers: { ...auth, ...headers }, signal: signal ?? null });
}

function uncaughtErrors(): { readonly messages: string[] } & Disposable {
  const messages: string[] = [];
  const note = ({ message }: Error): void => void messages.push(message);
  process.on('uncaughtException', note);
  return { messages, [Symbol.dispose]: () => void process.off('uncaughtException', note) };
}

async function count(where: string): Promise<number> {
  return Number(await (await ask(`select count() from system.processes where ${where}`)).text());
}

/** A GET whose answer is not decoded. */
function raw(query: string, headers: Record<string, string>, options: string) {
  const { promise, resolve, reject } = Promise.withResolvers<{ body: Buffer; encoding: string | undefined; headers: string[] }>();
  const auth = { 'X-ClickHouse-User': served.user, 'X-ClickHouse-Key': served.password };
  request(`${served.url}/?query=${encodeURIComponent(query)}${options}`, { headers: { ...auth, ...headers } }, (answer) => {
    answer
      .toArray()
      .then(
        (chunks) => resolve({ body: Buffer.concat(chunks), encoding: answer.headers['content-encoding'], headers: answer.rawHeaders }),
        reject,
      );
  })
    .on('error', reject)
    .end();
  return promise;
}
