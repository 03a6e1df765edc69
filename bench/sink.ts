import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { connect } from 'amqplib';
import { openWarehouse } from '../framework/connections/open-warehouse.ts';
import type { Warehouse } from '../framework/connections/warehouse.ts';
import type { Log } from '../framework/foundation/log.ts';
import { comparedFigure, type Figure, figure, median } from './support/figure.ts';
import { type Ended, runGccflow, runScript, startGccflow } from './support/gccflow-process.ts';

const consumer = resolve(import.meta.dirname, 'support/bare-consumer.ts');
const url = process.env.RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672';
const queue = `gccflow_bench_${process.pid}`;
const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const { values: flags } = parseArgs({
  options: { events: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '2' } },
  strict: false,
});
const events = Number(flags.events);

/**
 * Draining a quorum queue in which events of about 400 bytes wait, as a user does: whole processes of `gccflow sink --until-empty`, into the
 * embedded ClickHouse and over HTTP into one that another process serves. The peer is a bare amqplib consumer that parses and acks, a
 * process too, on the same queue filled anew; they take turns, and ratios are medians. All share the machine with the broker.
 */
export async function measure(): Promise<readonly Figure[]> {
  const dir = writeProject();
  try {
    const rates: Record<'bare' | 'embedded' | 'http', number[]> = { bare: [], embedded: [], http: [] };
    const memory: number[] = [];
    const sink = () => runGccflow('sink', 'bench', '--until-empty', '--project-dir', dir);
    for (let round = 0; round < Number(flags.rounds); round++) {
      rates.bare.push((await drain(() => runScript(consumer, url, queue, String(events)))).rate);
      rates.embedded.push((await drain(sink)).rate);
      await using _server = await startGccflow(['warehouse', 'serve', '--project-dir', dir], (said) => said.includes('http://'));
      const overHttp = await drain(sink);
      rates.http.push(overHttp.rate);
      memory.push(overHttp.megabytes);
    }
    await checkStored(dir, 2 * Number(flags.rounds) * events);
    return [
      compared('sink.drain_embedded', rates.embedded, rates.bare),
      compared('sink.drain_http', rates.http, rates.bare),
      figure('sink.memory', Math.max(...memory), 'MB'),
      await measureBatchGain(dir),
    ];
  } finally {
    await deleteQueue();
    rmSync(dir, { recursive: true, force: true });
  }
}

function compared(name: string, rates: readonly number[], peers: readonly number[]): Figure {
  const ratio = median(rates.map((rate, round) => rate / (peers[round] ?? Number.NaN)));
  return comparedFigure(name, median(rates), 'events/s', 'bare amqplib consumer', median(peers), ratio);
}

function writeProject(): string {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-bench-sink-'));
  mkdirSync(join(dir, 'sinks'));
  writeFileSync(join(dir, 'project.yaml'), `name: bench\ntargets:\n  dev: { broker: { type: rabbitmq, url: '${url}' } }\n`);
  writeFileSync(
    join(dir, 'sinks/bench.yaml'),
    `kind: sink
name: bench
queue: { name: ${queue} }
consumers: 2
buffer: { capacity: 10000, max_rows: 1000, max_wait: 5s }
to: { clickhouse: bench.profile_log_events, create: true, order_by: [platform, profile_id, event_timestamp] }
columns:
  event_id: String
  source: String
  platform: String
  profile_id: String
  handle: Nullable(String)
  event_timestamp: DateTime
  insert_timestamp: { type: DateTime, value: now }
  metrics: { type: String, as: json }
  dimensions: { type: String, as: json }
deduplicate_by: event_id
`,
  );
  return dir;
}

/** Fills the queue, then runs what empties it. The time is the whole process's. */
async function drain(empty: () => Promise<Ended>): Promise<{ readonly rate: number; readonly megabytes: number }> {
  await fillQueue();
  const { seconds, megabytes } = await empty();
  return { rate: events / seconds, megabytes };
}

async function fillQueue(): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.purgeQueue(queue); // a quorum queue may lose the last acks of a channel that closes
  const window = 2000;
  for (let first = 0; first < events; first += window) {
    for (let number = first; number < Math.min(first + window, events); number++) {
      const body = eventOf(number);
      channel.sendToQueue(queue, Buffer.from(JSON.stringify(body)), { persistent: true, messageId: body.event_id });
    }
    await channel.waitForConfirms();
  }
  await connection.close();
}

let made = 0;

function eventOf(number: number) {
  const profile = number % 50_000;
  return {
    event_id: `${process.pid}-${made++}`.padStart(36, '0'),
    source: 'rapidapi_ig_1',
    platform: 'INSTAGRAM',
    profile_id: `1784140${profile}`,
    handle: `creator_${profile}`,
    event_timestamp: '2024-03-01 12:00:00',
    metrics: { followers: 10_000 + number, following: 420, engagement_rate: 2.31, posts: 1203 },
    dimensions: { handle: `creator_${profile}`, bio: 'Travel, food and a little bit of everything else', category: 'Lifestyle' },
  };
}

async function deleteQueue(): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (const name of [queue, `${queue}.dead`, `${queue}.retry.1000ms`, `${queue}.retry.10000ms`]) await channel.deleteQueue(name);
  await connection.close();
}

const embedded = { type: 'embedded', path: '.gccflow/warehouse', database: 'dbt' } as const;

/** What was measured must have been the whole work. */
async function checkStored(dir: string, expected: number): Promise<void> {
  await using warehouse = await openWarehouse(embedded, { projectDir: dir, sessions: 1, log });
  const [row] = await warehouse.query<{ rows: string; ids: string }>(
    'select count() as rows, uniqExact(event_id) as ids from bench.profile_log_events',
  );
  if (Number(row?.rows) !== expected || Number(row?.ids) !== expected) throw new Error(`stored ${JSON.stringify(row)} of ${expected}`);
}

/** Rows a second of inserts of 1,000 rows against inserts of one, into one table, one after another. */
async function measureBatchGain(dir: string): Promise<Figure> {
  await using warehouse = await openWarehouse(embedded, { projectDir: dir, sessions: 1, log });
  await warehouse.execute('create table bench.gain as bench.profile_log_events');
  await insertRows(warehouse, 1, 50); // warm
  const gains: number[] = [];
  const singles: number[] = [];
  for (let round = 0; round < 3; round++) {
    const single = await insertRows(warehouse, 1, 200);
    singles.push(single);
    gains.push((await insertRows(warehouse, 1000, 20)) / single);
  }
  return comparedFigure('sink.batch_gain', median(gains), '×', 'single-row inserts, rows/s', median(singles), median(gains));
}

async function insertRows(warehouse: Warehouse, rows: number, times: number): Promise<number> {
  const begin = performance.now();
  for (let time = 0; time < times; time++) {
    const lines = Array.from({ length: rows }, (_, number) => {
      const { metrics, dimensions, ...row } = eventOf(number);
      return JSON.stringify({ ...row, metrics: JSON.stringify(metrics), dimensions: JSON.stringify(dimensions) });
    });
    await warehouse.insert('bench.gain', lines.join('\n'), { format: 'JSONEachRow' });
  }
  return (rows * times) / ((performance.now() - begin) / 1000);
}
