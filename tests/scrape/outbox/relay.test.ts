import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Broker } from '../../../framework/connections/broker.ts';
import { openBroker } from '../../../framework/connections/open-broker.ts';
import type { Postgres } from '../../../framework/connections/postgres.ts';
import { GccflowError } from '../../../framework/foundation/error.ts';
import { addEvents } from '../../../framework/scrape/outbox/add-events.ts';
import { eventId } from '../../../framework/scrape/outbox/event-id.ts';
import { openRelay, type Relay, type RelayDeps } from '../../../framework/scrape/outbox/relay.ts';
import { inspectOutbox } from '../../../framework/scrape/outbox/waiting-events.ts';
import { embeddedConfig, embeddedProjectDir } from '../../support/postgres.ts';
import { type RecordingLog, recordingLog } from '../../support/recording-log.ts';
import { embeddedServer } from '../../support/task-queue.ts';
import { until } from '../../support/until.ts';
import { silentLog } from '../../support/warehouse.ts';

interface RelayLab extends AsyncDisposable {
  readonly postgres: Postgres;
  readonly broker: Broker;
  readonly exchange: string;
  readonly queue: string;
  readonly log: RecordingLog;
  /** Puts events with bodies `{ n }` into the outbox, routed by `key`. */
  add(numbers: readonly number[], key?: string): Promise<void>;
  relay(deps?: Partial<Pick<RelayDeps, 'openBroker' | 'declare'>>): Relay;
  /** Numbers of the events that are in the queue, in its order. */
  published(): Promise<readonly number[]>;
}

/** An empty outbox and a queue of its own. */
async function relayLab(): Promise<RelayLab> {
  const postgres = await embeddedServer();
  await postgres.query('truncate gccflow.event_outbox');
  const projectDir = embeddedProjectDir();
  const signal = new AbortController().signal;
  const open = () => openBroker({ type: 'embedded' }, { projectDir, postgres: embeddedConfig, log: silentLog, signal });
  const broker = await open();
  const name = `relay_${randomUUID().slice(0, 8)}`;
  await broker.declare({
    exchanges: [{ name, type: 'topic' }],
    queues: [{ name, type: 'quorum', delay: null }],
    bindings: [{ queue: name, exchange: name, routingKey: 'wanted' }],
  });
  const log = recordingLog();
  return {
    postgres,
    broker,
    exchange: name,
    queue: name,
    log,
    add: (numbers, key = 'wanted') =>
      postgres.transaction((session) =>
        addEvents(
          session,
          numbers.map((n) => ({ exchange: name, routingKey: key, messageId: eventId(String(n), key, 0), body: { n } })),
        ),
      ),
    relay: (deps) => openRelay({ postgres, log, openBroker: open, declare: async () => {}, pollMs: 50, ...deps }),
    published: async () => {
      await using browser = await broker.browse(name);
      const numbers: number[] = [];
      for (let delivery = await browser.next(); delivery !== null; delivery = await browser.next())
        numbers.push((JSON.parse(delivery.body.toString()) as { n: number }).n);
      return numbers;
    },
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}

const counted = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

test('events are published in their order, once each, and leave the outbox', async () => {
  await using lab = await relayLab();
  await using _relay = lab.relay();

  await lab.add(counted(700));

  await until(async () => (await inspectOutbox(lab.postgres)).waiting === 0);
  assert.deepEqual(await lab.published(), counted(700));
});

test('an event of a transaction that is rolled back is not published', async () => {
  await using lab = await relayLab();
  await using _relay = lab.relay();
  const lost = new Error('rolled back');

  const work = lab.postgres.transaction(async (session) => {
    await addEvents(session, [{ exchange: lab.exchange, routingKey: 'wanted', messageId: 'm', body: { n: 1 } }]);
    throw lost;
  });
  await assert.rejects(work, lost);
  await lab.add([2]);

  await until(async () => (await inspectOutbox(lab.postgres)).waiting === 0);
  assert.deepEqual(await lab.published(), [2]);
});

test('several relays share an outbox and publish no event twice', async () => {
  await using lab = await relayLab();
  await lab.add(counted(1100));

  await using _first = lab.relay();
  await using _second = lab.relay();
  await until(async () => (await inspectOutbox(lab.postgres)).waiting === 0);

  const numbers = await lab.published();
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    counted(1100),
  );
});

test('an event that no queue wants stays, waits, and is said once for all of its kind; others go on', async () => {
  await using lab = await relayLab();
  await lab.add(counted(5), 'unwanted');
  await lab.add([5]);

  await using _relay = lab.relay();
  await until(async () => (await lab.published()).length === 1);
  await until(async () => (await inspectOutbox(lab.postgres)).due === 0);

  assert.deepEqual(await lab.published(), [5]);
  const rows = await lab.postgres.query<{ failures: number; waits: boolean; error: string }>(
    'select failures, due_at > now() as waits, error from gccflow.event_outbox',
  );
  assert.deepEqual(
    rows.map(({ failures, waits }) => [failures, waits]),
    Array(5).fill([1, true]),
  );
  assert.match(rows[0]?.error ?? '', /unwanted/);
  assert.deepEqual(lab.log.messages('warn'), ['events put off']);
});

test('queues are declared again where an event finds none, and it is published at once', async () => {
  await using lab = await relayLab();
  await lab.add([1], 'late');
  let declared = 0;
  const declare = async (broker: Broker): Promise<void> => {
    declared++;
    const bindings = [{ queue: lab.queue, exchange: lab.exchange, routingKey: 'late' }];
    if (declared > 1) await broker.declare({ exchanges: [], queues: [], bindings });
  };

  await using _relay = lab.relay({ declare });
  await until(async () => (await lab.published()).length === 1);

  assert.equal(declared, 2);
  assert.equal((await inspectOutbox(lab.postgres)).waiting, 0);
  assert.deepEqual(lab.log.messages('warn'), []);
});

test('events wait while the broker is away, and are published when it comes back', async () => {
  await using lab = await relayLab();
  await lab.add([1, 2]);
  let tries = 0;
  const { broker } = lab;
  await using relay = lab.relay({
    openBroker: async () => {
      if (tries++ < 2) throw new GccflowError('BROKER_UNREACHABLE', 'The broker does not answer.');
      return { ...broker, publisher: (options) => broker.publisher(options), async [Symbol.asyncDispose]() {} } as Broker;
    },
  });
  relay.wake();

  await until(async () => (await inspectOutbox(lab.postgres)).waiting === 0);
  assert.deepEqual(await lab.published(), [1, 2]);
  assert.deepEqual(lab.log.messages('warn'), ['events wait in the outbox']);
});

test('a relay that is to end publishes what is due first', async () => {
  await using lab = await relayLab();
  await using relay = openRelay({
    postgres: lab.postgres,
    log: lab.log,
    openBroker: async () => lab.broker,
    declare: async () => {},
    pollMs: 600_000,
  });
  await lab.add(counted(700));

  await relay.drain(new AbortController().signal);

  assert.deepEqual((await lab.published()).length, 700);
});

test('the id of an event is the same in every repeat of its task, and another for every other event', () => {
  const ids = [eventId('1', 'a', 0), eventId('1', 'a', 1), eventId('1', 'b', 0), eventId('2', 'a', 0), eventId('11', 'a', 0)];

  assert.equal(eventId('1', 'a', 0), ids[0]);
  assert.equal(new Set(ids).size, ids.length);
  assert.match(ids[0] ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-/);
});
