import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import type { Broker } from '../../framework/connections/broker.ts';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { type Served, serveWarehouse } from '../../framework/connections/serve-warehouse.ts';
import type { Warehouse } from '../../framework/connections/warehouse.ts';
import { systemClock } from '../../framework/foundation/clock.ts';
import type { SinkNode } from '../../framework/manifest/manifest.ts';
import { runSinks, type SinksDeps } from '../../framework/sink/run-sinks.ts';
import type { SinkCounts } from '../../framework/sink/sink-counts.ts';
import { type FaultyClickHouse, faultyClickHouse } from './faulty-clickhouse.ts';
import { openRabbitmq } from './open-rabbitmq.ts';
import { type RecordingLog, recordingLog } from './recording-log.ts';
import { scratchVhost } from './scratch-vhost.ts';
import { sinkNode } from './sink-node.ts';
import { silentLog } from './warehouse.ts';

const projectDir = mkdtempSync(join(tmpdir(), 'gccflow-sink-lab-'));
let served: Promise<Served> | undefined;

after(async () => {
  if (served !== undefined) await (await served)[Symbol.asyncDispose]();
  rmSync(projectDir, { recursive: true, force: true });
});

/** The engine of this test process, served over HTTP. */
function engine(): Promise<Served> {
  served ??= serveWarehouse({ type: 'embedded', path: 'warehouse', database: 'dbt' }, { projectDir, sessions: 12, log: silentLog });
  return served;
}

export interface SinkLab extends AsyncDisposable {
  readonly node: SinkNode;
  readonly broker: Broker;
  /** Where the sink writes. */
  readonly clickhouse: FaultyClickHouse;
  /** The same without faults. */
  readonly warehouse: Warehouse;
  readonly log: RecordingLog;
  readonly queue: string;
  readonly table: string;
  /** Publishes `{ id: 'e0', n: 0 }` and so on; what `change` gives back takes the place of a body. */
  publish(count: number, change?: (n: number) => unknown): Promise<void>;
  /** Drains the queue in this process, or runs until the signal. */
  run(deps?: Partial<SinksDeps>): Promise<SinkCounts>;
  stored(): Promise<{ readonly rows: number; readonly ids: number }>;
  ready(queue?: string): Promise<number>;
  deleteQueue(queue: string): Promise<void>;
  /** Closes all connections to the virtual host from the broker's side. */
  cutConnections(): Promise<void>;
}

export interface SinkLabOptions {
  /** Where the sink finds RabbitMQ; a virtual host of this test's own where nothing is said. */
  readonly url?: string;
  /** Merged over the sink. */
  readonly sink?: Readonly<Record<string, unknown>>;
  /** Clauses after `order by` of the table. */
  readonly settings?: string;
}

/** A sink between RabbitMQ and ClickHouse, which all may fail. Null where RabbitMQ is not there, and the test is skipped by name. */
export async function sinkLab(context: TestContext, { url, sink = {}, settings }: SinkLabOptions = {}): Promise<SinkLab | null> {
  await using opening = new AsyncDisposableStack();
  const vhost = url === undefined ? await scratchVhost(context) : null;
  if (vhost !== null) opening.use(vhost);
  const address = url ?? vhost?.url;
  if (address === undefined) return null;
  const log = recordingLog();
  const name = `s_${randomUUID().slice(0, 8)}`;
  const node = await sinkNode({
    name,
    queue: { name: 'q' },
    buffer: { capacity: 1000, max_rows: 250, max_wait: '100ms' },
    to: { clickhouse: `lab.${name}`, create: settings === undefined },
    columns: { id: 'String', n: 'Int32' },
    deduplicate_by: 'id',
    retry: { max: 2, delay: ['100ms', '200ms'] },
    ...sink,
  });
  const { url: plain, user, password } = await engine();
  const target = plain.replace('//', `//${user}:${password}@`);
  const clickhouse = opening.use(await faultyClickHouse(target));
  const over = (at: string) => ({ type: 'clickhouse', url: at, database: 'dbt', cluster: null }) as const;
  const warehouse = opening.use(await openWarehouse(over(target), { projectDir, sessions: 3, log: silentLog }));
  const faulty = opening.use(await openWarehouse(over(clickhouse.url), { projectDir, sessions: 3, log: silentLog }));
  await warehouse.execute('create database if not exists lab engine = Atomic');
  const table = `lab.${name}`;
  if (settings !== undefined) {
    await warehouse.execute(`create table ${table} (id String, n Int32) engine = MergeTree order by id settings ${settings}`);
  }
  const ended = new AbortController();
  const { signal } = ended;
  const running = new Set<Promise<unknown>>();
  const broker = opening.use(await openRabbitmq(address, { log }));
  opening.defer(async () => {
    ended.abort();
    await Promise.allSettled(running);
  });
  const ready = async (queue = 'q'): Promise<number> => (await broker.inspect(queue))?.ready ?? 0;
  const run = async (deps: Partial<SinksDeps> = {}): Promise<SinkCounts> => {
    const own = { broker, warehouse: faulty, postgres: null, projectDir, log, clock: systemClock, signal, graceMs: 1000 };
    const run = runSinks([node], { ...own, untilEmpty: true, ...deps });
    running.add(run);
    const counts = (await run).get(node);
    if (counts === undefined) throw new Error('the sink has no counts');
    return counts;
  };
  await run(); // declares everything
  const open = opening.move();
  return {
    node,
    broker,
    clickhouse,
    warehouse,
    log,
    queue: 'q',
    table,
    run,
    ready,
    deleteQueue: async (queue) => void (await vhost?.ctl('delete_queue', '-p', vhost.vhost, queue)),
    cutConnections: async () => vhost?.cutConnections(),
    publish: async (count, change = () => undefined) => {
      await using publisher = await broker.publisher({ window: 1000, confirmMs: 30_000 });
      const all = Array.from({ length: count }, (_, n) => {
        const body = Buffer.from(JSON.stringify(change(n) ?? { id: `e${n}`, n }));
        return publisher.publish({ exchange: '', routingKey: 'q', messageId: `e${n}`, body });
      });
      await Promise.all(all);
    },
    stored: async () => {
      const [row] = await warehouse.query<{ rows: string; ids: string }>(`select count() as rows, uniqExact(id) as ids from ${table}`);
      return { rows: Number(row?.rows), ids: Number(row?.ids) };
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
