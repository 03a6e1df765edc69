import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { connect } from 'amqplib';
import { openWarehouse } from '../framework/connections/open-warehouse.ts';
import type { Warehouse } from '../framework/connections/warehouse.ts';
import type { Log } from '../framework/foundation/log.ts';
import { type Figure, figure } from './support/figure.ts';
import { startGccflow } from './support/gccflow-process.ts';

const url = process.env.RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672';
const proto = resolve(import.meta.dirname, '../sources/proto/events.proto');
const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const { values: flags } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, rate: { type: 'string', default: '10000' } },
  strict: false,
});
const seconds = Number(flags.seconds);
const rate = Number(flags.rate);
/** Events in one request: what an app sends at once. */
const together = 20;
const tickMs = 10;
/** Requests of the first seconds are sent and stored as all others, and not timed: processes are still warming up. */
const warmMs = 3000;

/**
 * A steady stream of events by gRPC into `gccflow ingest`, through RabbitMQ and `gccflow sink` into ClickHouse, three processes beside this one,
 * which makes the load. An event is confirmed when its request is answered, and queryable when a SELECT finds it: 4 events a second are
 * looked for every 20 ms. The first 3 s are not timed. Measured with the default `max_wait` of 5 s, and with 100 ms.
 */
export async function measure(): Promise<readonly Figure[]> {
  const slow = await measureStream('5s');
  const fast = await measureStream('100ms');
  return [
    figure('ingest.rate', slow.rate, 'events/s'),
    figure('ingest.lost', slow.lost + fast.lost, 'count'),
    figure('ingest.p99_confirm', slow.p99Confirm, 'ms'),
    figure('ingest.p99_queryable', slow.p99Queryable, 'ms'),
    figure('ingest.p99_confirm_100ms', fast.p99Confirm, 'ms'),
    figure('ingest.p99_queryable_100ms', fast.p99Queryable, 'ms'),
  ];
}

interface Stream {
  readonly rate: number;
  readonly lost: number;
  readonly p99Confirm: number;
  readonly p99Queryable: number;
}

async function measureStream(maxWait: string): Promise<Stream> {
  const name = `gccflow_bench_${process.pid}_${maxWait}`;
  const grpcPort = await freePort();
  const dir = writeProject(name, maxWait, grpcPort);
  const inProject = ['--project-dir', dir];
  try {
    await using _warehouse = await startGccflow(['warehouse', 'serve', ...inProject], (said) => said.includes('http://'));
    await using _sink = await startGccflow(['sink', ...inProject], (said) => said !== '');
    await using _ingest = await startGccflow(['ingest', ...inProject], (said) => said.includes(String(grpcPort)));
    await using warehouse = await openWarehouse(
      { type: 'embedded', path: '.gccflow/warehouse', database: 'dbt' },
      { projectDir: dir, sessions: 2, log },
    );
    return await send(grpcPort, warehouse);
  } finally {
    await deleteTopology(name);
    rmSync(dir, { recursive: true, force: true });
  }
}

function writeProject(name: string, maxWait: string, grpcPort: number): string {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-bench-ingest-'));
  for (const folder of ['sources', 'sinks']) mkdirSync(join(dir, folder));
  writeFileSync(join(dir, 'project.yaml'), `name: bench\ntargets:\n  dev: { broker: { type: rabbitmq, url: '${url}' } }\n`);
  writeFileSync(
    join(dir, 'sources/ingest.yaml'),
    `kind: ingest
name: app
grpc: { port: ${grpcPort}, proto: ${proto}, method: bulbulgrpc.EventService.dispatch, exchange: ${name} }
`,
  );
  writeFileSync(
    join(dir, 'sinks/event.yaml'),
    `kind: sink
name: event
queue: { name: ${name}, exchange: ${name}, exchange_type: topic, routing_keys: ['#'] }
buffer: { capacity: 10000, max_rows: 1000, max_wait: ${maxWait} }
to: { clickhouse: bench.event, create: true, order_by: [event_name, event_timestamp] }
each: events
columns:
  event_id: { type: String, from: eventId }
  event_name: { type: LowCardinality(String), delivery: routing_key }
  event_timestamp: { type: DateTime64(3), from: timestamp, as: epoch_ms }
  user_id: { type: String, from: $.header.userId, default: '' }
unknown_fields: { keep: event_params }
deduplicate_by: event_id
`,
  );
  return dir;
}

/** Sends at the asked-for rate, whatever the answers take; then waits until all that was answered with OK can be queried. */
async function send(port: number, warehouse: Warehouse): Promise<Stream> {
  const dispatch = openClient(port);
  const confirms: number[] = [];
  let accepted = 0;
  let refused = 0;
  let open = 0;
  const probes = new Probes(warehouse);
  const polling = probes.poll();
  const begin = performance.now();
  let sent = 0;
  while (performance.now() - begin < seconds * 1000) {
    const due = Math.floor(((performance.now() - begin) / 1000) * rate);
    for (; sent + together <= due; sent += together) {
      const request = requestOf(sent);
      const started = performance.now();
      if (started - begin > warmMs && sent % (rate / 4) < together) probes.add(request.events[0]?.eventId ?? '', started);
      open++;
      dispatch(request, (error) => {
        open--;
        if (started - begin > warmMs) confirms.push(performance.now() - started);
        if (error) refused += together;
        else accepted += together;
      });
    }
    await sleep(tickMs);
  }
  while (open > 0) await sleep(tickMs);
  const elapsed = (performance.now() - begin) / 1000;
  const latencies = await probes.finish(polling);
  const stored = await untilStored(warehouse, accepted);
  if (refused > 0) process.stderr.write(`${refused} events were refused\n`);
  return { rate: accepted / elapsed, lost: accepted - stored, p99Confirm: p99(confirms), p99Queryable: p99(latencies) };
}

type Dispatch = (request: ReturnType<typeof requestOf>, done: (error: Error | null) => void) => void;

function openClient(port: number): Dispatch {
  const loaded = loadPackageDefinition(loadSync(proto, { keepCase: true })) as unknown as {
    readonly bulbulgrpc: { readonly EventService: ServiceClientConstructor };
  };
  const client = new loaded.bulbulgrpc.EventService(`127.0.0.1:${port}`, credentials.createInsecure());
  return (request, done) => void client.dispatch?.(request, done);
}

function requestOf(first: number) {
  const timestamp = String(Date.now());
  const events = Array.from({ length: together }, (_, index) => ({
    eventId: `${process.pid}-${first + index}`.padStart(36, '0'),
    timestamp,
    ...(index % 2 === 0 ? { pageOpenedEvent: {} } : { launchEvent: {} }),
  }));
  return { header: { userId: `user-${first % 1000}`, os: 'android', appVersion: '4.2.0' }, events };
}

/** Events that are looked for in ClickHouse until they are found. */
class Probes {
  readonly #warehouse: Warehouse;
  readonly #open = new Map<string, number>();
  readonly #found: number[] = [];
  #last = false;

  constructor(warehouse: Warehouse) {
    this.#warehouse = warehouse;
  }

  add(id: string, started: number): void {
    this.#open.set(id, started);
  }

  async poll(): Promise<void> {
    while (!this.#last || this.#open.size > 0) {
      const ids = [...this.#open.keys()];
      const sql = 'select event_id from bench.event where event_id in {ids:Array(String)} and event_timestamp > now() - 60';
      const rows = ids.length === 0 ? [] : await this.#warehouse.query<{ event_id: string }>(sql, { params: { ids } });
      for (const { event_id: id } of rows) {
        this.#found.push(performance.now() - (this.#open.get(id) ?? Number.NaN));
        this.#open.delete(id);
      }
      await sleep(20);
    }
  }

  async finish(polling: Promise<void>): Promise<readonly number[]> {
    this.#last = true;
    await polling;
    return this.#found;
  }
}

async function untilStored(warehouse: Warehouse, expected: number): Promise<number> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const [row] = await warehouse.query<{ ids: string }>('select uniqExact(event_id) as ids from bench.event');
    const stored = Number(row?.ids);
    if (stored >= expected || performance.now() > deadline) return stored;
    await sleep(500);
  }
}

function p99(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return address !== null && typeof address === 'object' ? address.port : 0;
}

async function deleteTopology(name: string): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (const queue of [name, `${name}.dead`, `${name}.retry.1000ms`, `${name}.retry.10000ms`]) await channel.deleteQueue(queue);
  await channel.deleteExchange(name);
  await connection.close();
}
