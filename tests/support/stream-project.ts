import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Broker } from '../../framework/connections/broker.ts';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { followServed } from '../../framework/connections/served-warehouse.ts';
import type { Warehouse } from '../../framework/connections/warehouse.ts';
import { type CliRun, projectFolder, startCli } from './cli.ts';
import { openRabbitmq } from './open-rabbitmq.ts';
import { scratchVhost } from './scratch-vhost.ts';
import { until } from './until.ts';
import { silentLog } from './warehouse.ts';

export interface StreamProjectOptions {
  /** Where the sinks find RabbitMQ; a virtual host of this test's own where nothing is said. */
  readonly url?: string;
  /** Merged over the sink `event`. */
  readonly sink?: Readonly<Record<string, unknown>>;
}

/** A project with one sink, `event`, between RabbitMQ and a warehouse that a process of its own serves. */
export interface StreamProject extends AsyncDisposable {
  readonly dir: string;
  readonly broker: Broker;
  readonly warehouse: Warehouse;
  /** Ends the process that serves the warehouse, with `kill -9`. */
  killWarehouse(): Promise<void>;
  /** Starts another, on another port. */
  serveWarehouse(): void;
  /** Starts `gccflow sink`. */
  sink(...flags: readonly string[]): ReturnType<typeof startCli>;
  /** Stores all that waits; fails where the sink does. */
  drain(...flags: readonly string[]): Promise<CliRun>;
  /** Publishes events `e0`, `e1` … to `event_q`, `from` the first of them, small ones where no `body` is given, and waits until the broker has stored them. */
  publish(count: number, from?: number, body?: (n: number) => unknown): Promise<void>;
  /** Rows, and ids that differ. */
  stored(): Promise<{ readonly rows: number; readonly ids: number }>;
}

export const eventSink = {
  kind: 'sink',
  name: 'event',
  queue: { name: 'event_q' },
  consumers: 2,
  buffer: { capacity: 10_000, max_rows: 1000, max_wait: '200ms' },
  to: { clickhouse: 'streams.event', create: true },
  columns: { event_id: 'String', kind: 'String', at: 'DateTime', metrics: { type: 'String', as: 'json' } },
  deduplicate_by: 'event_id',
  retry: { max: 2, delay: ['100ms', '200ms'] },
};

/** Null where RabbitMQ is not there, and the test is skipped by name. */
export async function streamProject(context: TestContext, { url, sink = {} }: StreamProjectOptions = {}): Promise<StreamProject | null> {
  await using opening = new AsyncDisposableStack();
  const vhost = url === undefined ? await scratchVhost(context) : null;
  if (vhost !== null) opening.use(vhost);
  const address = url ?? vhost?.url;
  if (address === undefined) return null;
  const folder = opening.use(
    projectFolder({
      'project.yaml': `name: streams\ntargets: { dev: { broker: { type: rabbitmq, url: '${address}' } } }\n`,
      'sinks/event.yaml': JSON.stringify({ ...eventSink, ...sink }),
    }),
  );
  let serving = startCli(['warehouse', 'serve'], { cwd: folder.dir });
  const endServing = async (signal: NodeJS.Signals): Promise<void> => {
    serving.child.kill(signal);
    await serving.ended;
  };
  opening.defer(() => endServing('SIGTERM'));
  const warehouse = opening.use(await openServed(folder.dir));
  const broker = opening.use(await openRabbitmq(address));
  const open = opening.move();
  return {
    dir: folder.dir,
    broker,
    warehouse,
    killWarehouse: () => endServing('SIGKILL'),
    serveWarehouse: () => {
      serving = startCli(['warehouse', 'serve'], { cwd: folder.dir });
    },
    sink: (...flags) => startCli(['sink', ...flags], { cwd: folder.dir }),
    drain: async (...flags) => {
      const run = await startCli(['sink', '--until-empty', ...flags], { cwd: folder.dir }).ended;
      if (run.exitCode !== 0) throw new Error(`the sink failed: ${run.stderr}`);
      return run;
    },
    publish: async (count, from = 0, body) => {
      await using publisher = await broker.publisher({ window: 2000, confirmMs: 30_000 });
      const confirmed: Promise<void>[] = [];
      for (let n = from; n < from + count; n++) {
        const bytes = body ? Buffer.from(JSON.stringify(body(n))) : eventBody(n);
        confirmed.push(publisher.publish({ exchange: '', routingKey: 'event_q', messageId: `e${n}`, body: bytes }));
        if (publisher.inFlight >= 2000) await confirmed.at(-1000);
      }
      await Promise.all(confirmed);
    },
    stored: async () => {
      const [row] = await warehouse.query<{ rows: string; ids: string }>(
        'select count() as rows, uniqExact(event_id) as ids from streams.event',
      );
      return { rows: Number(row?.rows), ids: Number(row?.ids) };
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

export function eventBody(n: number): Buffer {
  const metrics = { followers: n, following: n % 100, note: 'a text of some length that no column needs' };
  return Buffer.from(JSON.stringify({ event_id: `e${n}`, kind: n % 3 ? 'like' : 'follow', at: '2026-03-01 04:00:00', metrics }));
}

/** Waits for the process that serves; opening before that would take the engine away from it. */
async function openServed(dir: string): Promise<Warehouse> {
  await until(() => existsSync(join(dir, '.gccflow/warehouse.endpoint.json')), 'the warehouse is not served');
  const config = { type: 'embedded', path: '.gccflow/warehouse', database: 'dbt' } as const;
  const options = { projectDir: dir, sessions: 2, log: silentLog };
  return followServed(await openWarehouse(config, options), join(dir, config.path), options);
}
