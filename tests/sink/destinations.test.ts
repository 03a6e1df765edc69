import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { type BrokerProject, brokerProject } from '../support/broker-project.ts';
import { startCli } from '../support/cli.ts';
import { scratchPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { type Answer, openUpstream, status } from '../support/upstream.ts';
import { silentLog } from '../support/warehouse.ts';

/** Where a sink writes; the event 13 is refused there, and nothing before it gets there. */
interface Destination {
  /** Of the sink's file. */
  readonly sink: Readonly<Record<string, unknown>>;
  /** Makes ready what the sink needs before it runs. */
  prepare(project: BrokerProject): Promise<void>;
  /** Ids as often as they are there. */
  stored(): Promise<readonly string[]>;
  /** Repeats that a kill may leave behind. */
  readonly mostRepeats: number;
  readonly refusal: string;
  /** Enough for a kill while they are stored. */
  readonly events: number;
}

const columns = { id: 'String', n: 'Int32' };

type OpenDestination = (open: AsyncDisposableStack) => Promise<Destination>;

const destinations: Readonly<Record<string, OpenDestination>> = {
  'a batching sink into ClickHouse': (open) => clickHouse(open, 8000, { buffer: { capacity: 1000, max_rows: 50, max_wait: '100ms' } }),
  'a direct sink into ClickHouse': (open) => clickHouse(open, 300, {}),
  'a direct sink into PostgreSQL': postgres,
  'a direct sink into an API': api,
};

async function clickHouse(open: AsyncDisposableStack, events: number, more: Readonly<Record<string, unknown>>): Promise<Destination> {
  const reading = Promise.withResolvers<Awaited<ReturnType<typeof openWarehouse>>>();
  return {
    sink: { to: { clickhouse: 'streams.event' }, columns, deduplicate_by: 'id', ...more },
    prepare: async ({ folder: { dir } }) => {
      const { child, ended } = startCli(['warehouse', 'serve'], { cwd: dir });
      open.defer(async () => {
        child.kill('SIGTERM');
        await ended;
      });
      await until(() => existsSync(join(dir, '.gccflow/warehouse.endpoint.json')), 'the warehouse is not served');
      const config = { type: 'embedded', path: '.gccflow/warehouse', database: 'dbt' } as const;
      const warehouse = open.use(await openWarehouse(config, { projectDir: dir, sessions: 2, log: silentLog }));
      await warehouse.execute('create database streams engine = Atomic');
      await warehouse.execute(
        `create table streams.event (id String, n Int32, constraint lucky check n != 13) engine = MergeTree order by id
         settings non_replicated_deduplication_window = 1000`,
      );
      reading.resolve(warehouse);
    },
    stored: async () => (await (await reading.promise).query<{ id: string }>('select id from streams.event')).map(({ id }) => id),
    mostRepeats: 0,
    refusal: 'VIOLATED_CONSTRAINT',
    events,
  };
}

async function postgres(open: AsyncDisposableStack): Promise<Destination> {
  const { postgres, schema } = open.use(await scratchPostgres());
  return {
    sink: { to: { postgres: `${schema}.event`, key: ['id'] }, columns: { id: 'text', n: 'int' } },
    prepare: async () => {
      await postgres.query(`create table ${schema}.event (id text primary key, n int check (n <> 13))`);
    },
    stored: async () => (await postgres.query<{ id: string }>(`select id from ${schema}.event`)).map(({ id }) => id),
    mostRepeats: 0,
    refusal: '23514',
    events: 2000,
  };
}

async function api(open: AsyncDisposableStack): Promise<Destination> {
  const server = open.use(await openUpstream());
  const taken: string[] = [];
  const decide: Answer = (response, request) => {
    const { id, n } = JSON.parse(server.arrivals.at(-1)?.body ?? '{}');
    if (n !== 13) taken.push(id);
    status(n === 13 ? 422 : 200)(response, request);
  };
  return {
    sink: { to: { http: { url: server.url } }, columns },
    prepare: async () => server.answer(...Array(3000).fill(decide)),
    stored: async () => taken,
    mostRepeats: 8, // answered, and not acked yet
    refusal: 'HTTP 422',
    events: 2000,
  };
}

async function drainAndKill(context: TestContext, kind: 'embedded' | 'rabbitmq', openDestination: OpenDestination): Promise<void> {
  await using open = new AsyncDisposableStack();
  const destination = await openDestination(open);
  const { events } = destination;
  const queue = `q_${randomUUID().slice(0, 8)}`;
  const sink = { name: 'event', queue: { name: queue }, retry: { max: 1, delay: '100ms' }, ...destination.sink };
  const project = await brokerProject(context, kind, [sink]);
  if (project === null) return;
  open.use(project);
  await destination.prepare(project);
  assert.equal((await project.run('queues', 'apply')).exitCode, 0);
  await using publisher = await project.broker.publisher({ window: 1000, confirmMs: 30_000 });
  const ids = Array.from({ length: events }, (_, n) => `e${n}`);
  const body = (n: number): Buffer => Buffer.from(JSON.stringify({ id: `e${n}`, n }));
  await Promise.all(ids.map((messageId, n) => publisher.publish({ exchange: '', routingKey: queue, messageId, body: body(n) })));

  const { child, ended } = startCli(['sink'], { cwd: project.folder.dir });
  await until(async () => (await destination.stored()).length > 50, 'nothing is stored');
  child.kill('SIGKILL');
  const killed = await ended;
  const before = (await destination.stored()).length;
  const drained = await project.run('sink', '--until-empty', '--json');

  assert.equal(killed.signal, 'SIGKILL');
  assert.ok(before < events - 1, 'it was killed too late');
  assert.equal(drained.exitCode, 0, drained.stderr);
  const stored = await destination.stored();
  assert.deepEqual([...new Set(stored)].sort(), ids.filter((id) => id !== 'e13').sort());
  assert.ok(stored.length <= events - 1 + destination.mostRepeats, `${stored.length} stored`);
  assert.equal((await project.broker.inspect(queue))?.ready, 0);
  await using dead = await project.broker.browse(`${queue}.dead`);
  const letters: unknown[] = [];
  for (let letter = await dead.next(); letter !== null; letter = await dead.next()) {
    letters.push([letter.messageId, letter.headers['x-error-code'], letter.headers['x-attempts']]);
  }
  const expected = ['e13', destination.refusal, 2];
  assert.deepEqual(letters, letters.length === 2 ? [expected, expected] : [expected]); // killed before the ack, it is one twice
}

for (const kind of ['embedded', 'rabbitmq'] as const) {
  for (const [name, openDestination] of Object.entries(destinations)) {
    test(`${kind}: ${name} stores all but what is refused there, also when it is killed in between`, { timeout: 90_000 }, (context) =>
      drainAndKill(context, kind, openDestination),
    );
  }
}
