import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { serveWarehouse } from '../../framework/connections/serve-warehouse.ts';
import type { Warehouse } from '../../framework/connections/warehouse.ts';
import type { Entry } from '../../framework/sink/entry.ts';
import type { Writer } from '../../framework/sink/writer.ts';
import { openClickHouseWriter } from '../../framework/sink/writers/clickhouse.ts';
import { type Fault, faultProxy, type Passing } from '../support/fault-proxy.ts';
import { entryOf, faultOf, sinkNode } from '../support/sink-node.ts';
import { silentLog } from '../support/warehouse.ts';

const projectDir = mkdtempSync(join(tmpdir(), 'gccflow-outage-'));
const served = await serveWarehouse({ type: 'embedded', path: 'warehouse', database: 'dbt' }, { projectDir, sessions: 4, log: silentLog });
after(async () => {
  await served[Symbol.asyncDispose]();
  rmSync(projectDir, { recursive: true, force: true });
});

const signal = new AbortController().signal;

function connect(port: number): Promise<Warehouse> {
  const url = `http://${served.user}:${served.password}@127.0.0.1:${port}`;
  return openWarehouse({ type: 'clickhouse', url, database: 'dbt', cluster: null }, { projectDir, sessions: 4, log: silentLog });
}

async function openTable(warehouse: Warehouse, table: string, insertMs?: number): Promise<Writer> {
  const node = await sinkNode({
    name: 'p',
    to: { clickhouse: `dbt.${table}`, create: true },
    columns: { id: 'String' },
    deduplicate_by: 'id',
  });
  const { to } = node.sink;
  assert.ok('clickhouse' in to);
  return openClickHouseWriter(node, to, { warehouse, log: silentLog, ...(insertMs !== undefined && { insertMs }) });
}

/** Texts that do not pack, so that an insert is many chunks. */
const entries: readonly Entry[] = Array.from({ length: 5000 }, () => {
  const id = `${crypto.randomUUID()}${crypto.randomUUID()}`;
  return entryOf([{ id }], [id]);
});

async function countsOf(warehouse: Warehouse, table: string): Promise<unknown> {
  const [row] = await warehouse.query(`select toUInt32(count()) as rows, toUInt32(uniqExact(id)) as ids from dbt.${table}`);
  return row;
}

const { port } = new URL(served.url);

const cuts: Readonly<Record<string, (passing: Passing) => Fault>> = {
  'before the request is there': ({ direction }) => (direction === 'request' ? 'cut' : 'pass'),
  'within the body': ({ direction, bytes }) => (direction === 'request' && bytes > 100_000 ? 'cut' : 'pass'),
  'before the answer': ({ direction }) => (direction === 'answer' ? 'cut' : 'pass'),
};

for (const [index, [name, decide]] of Object.entries(cuts).entries()) {
  test(`a connection cut ${name} is an outage, and the repeat leaves every row there once`, async () => {
    await using proxy = await faultProxy(Number(port));
    await using warehouse = await connect(proxy.port);
    const table = `cut_${index}`;
    const writer = await openTable(warehouse, table);

    proxy.fault(decide);
    const faults = [
      await faultOf(writer.write(entries, { token: 't', signal })),
      await faultOf(writer.write(entries, { token: 't', signal })),
    ];
    proxy.heal();
    await writer.write(entries, { token: 't', signal });

    assert.deepEqual(
      faults.map(({ kind, culprit }) => [kind, culprit]),
      [
        ['outage', null],
        ['outage', null],
      ],
    );
    assert.deepEqual(await countsOf(warehouse, table), { rows: entries.length, ids: entries.length });
    assert.equal((await writer.findStored(entries, signal)).size, entries.length);
  });
}

test('a server that takes an insert and hangs is given up, and the repeat leaves every row there once', async () => {
  await using proxy = await faultProxy(Number(port));
  await using warehouse = await connect(proxy.port);
  const writer = await openTable(warehouse, 'hanging', 500);

  proxy.fault(({ direction }) => (direction === 'answer' ? 'hole' : 'pass'));
  const fault = await faultOf(writer.write(entries, { token: 't', signal }));
  proxy.heal();
  await writer.write(entries, { token: 't', signal });

  assert.deepEqual([fault.kind, fault.code], ['outage', 'INSERT_TIMEOUT']);
  assert.deepEqual(await countsOf(warehouse, 'hanging'), { rows: entries.length, ids: entries.length });
});

test('a server that is not there is an outage', async () => {
  const proxy = await faultProxy(Number(port));
  await using warehouse = await connect(proxy.port);
  const writer = await openTable(warehouse, 'absent');
  await proxy[Symbol.asyncDispose]();

  const fault = await faultOf(writer.write(entries.slice(0, 1), { token: 't', signal }));
  const unsearched = await faultOf(writer.findStored(entries.slice(0, 1), signal));

  assert.deepEqual([fault.kind, unsearched.kind], ['outage', 'outage']);
});

/** What stands in ClickHouse's place and answers inserts as it is told; everything else goes to ClickHouse. */
async function answering(listener: RequestListener): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

/** A fault as ClickHouse's HTTP server words it. */
const said = (code: number, name: string, text: string): string => `Code: ${code}. DB::Exception: ${text}. (${name}) (version 26.7.2.1)`;

const answers: Readonly<Record<string, readonly [kind: string, status: number, body: string]>> = {
  'a balancer without a server': ['outage', 503, '<html>Service Unavailable</html>'],
  'a server that failed for no told reason': ['outage', 500, ''],
  'a balancer that is asked too often': ['outage', 429, 'Too Many Requests'],
  'a full disk': ['outage', 500, said(243, 'NOT_ENOUGH_SPACE', 'Cannot reserve 1.00 MiB, not enough space')],
  'a full disk below ClickHouse': ['outage', 500, said(1001, 'STD_EXCEPTION', 'std::exception. No space left on device')],
  'a full disk while writing': ['outage', 500, said(75, 'CANNOT_WRITE_TO_FILE_DESCRIPTOR', 'Cannot write to file')],
  'a table that only reads': ['outage', 500, said(242, 'TABLE_IS_READ_ONLY', 'Table is in readonly mode')],
  'a server that goes down': ['outage', 500, said(236, 'ABORTED', 'Server is shutting down')],
  'an insert that somebody killed': ['outage', 500, said(394, 'QUERY_WAS_CANCELLED', 'Query was cancelled')],
  'the first try that still runs': [
    'outage',
    500,
    said(216, 'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING', 'Query with id = x is already running'),
  ],
  'too many queries': ['outage', 500, said(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', 'Too many simultaneous queries. Maximum: 100')],
  'an unknown state': ['outage', 500, said(319, 'UNKNOWN_STATUS_OF_INSERT', 'Unknown status')],
  'no memory': ['load shrink', 500, said(241, 'MEMORY_LIMIT_EXCEEDED', '(total) memory limit exceeded: would use 1 GiB')],
  'too many parts': ['load grow', 500, said(252, 'TOO_MANY_PARTS', 'Too many parts (300)')],
  'a refused login': ['setup', 516, said(516, 'AUTHENTICATION_FAILED', 'u: Authentication failed')],
  'missing rights': ['setup', 497, said(497, 'ACCESS_DENIED', 'u: Not enough privileges')],
  'a code that is not known here': ['data', 500, said(9999, 'SOMETHING_NEW', 'hunter2 in the row')],
};

for (const [name, [kind, status, body]] of Object.entries(answers)) {
  test(`${name} is told as ${kind}, and no value with it`, async () => {
    let isBroken = false;
    await using fake = await answering((request, response) => {
      const rest = (): void =>
        void response
          .writeHead(isBroken ? Math.min(status, 599) : 200, { 'content-type': 'text/plain' })
          .end(isBroken ? body : '{"version":"26.7.2.1"}\n');
      request.resume().once('end', rest);
    });
    await using direct = await connect(Number(port));
    await using warehouse = await connect(fake.port);
    const writer = await openTable({ ...methodsOf(direct), insert: (...call) => warehouse.insert(...call) }, 'answers');
    isBroken = true;

    const fault = await faultOf(writer.write(entries.slice(0, 2), { token: 't', signal }));

    assert.equal([fault.kind, fault.resize].filter(Boolean).join(' '), kind);
    assert.doesNotMatch(`${fault.message}${fault.cause instanceof Error && kind === 'data' ? fault.cause.message : ''}`, /hunter2/);
  });
}

/** The rest of a warehouse. */
function methodsOf(warehouse: Warehouse): Omit<Warehouse, 'insert'> {
  return {
    kind: warehouse.kind,
    location: warehouse.location,
    version: warehouse.version,
    query: (sql, options) => warehouse.query(sql, options),
    execute: (sql, options) => warehouse.execute(sql, options),
    stream: (sql, options) => warehouse.stream(sql, options),
    kill: (queryId) => warehouse.kill(queryId),
    [Symbol.asyncDispose]: async () => {},
  };
}
