import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Broker, Browser, Delivery } from '../../framework/connections/broker.ts';
import { GccflowError } from '../../framework/foundation/error.ts';
import type { SinkNode } from '../../framework/manifest/manifest.ts';
import {
  type DeadLetterFilter,
  deadLetterQueueOf,
  purgeDeadLetters,
  readDeadLetters,
  summarizeDeadLetters,
} from '../../framework/sink/dead-letters.ts';
import { failedMessage } from '../../framework/sink/failed-message.ts';
import { type Replay, replayDeadLetters } from '../../framework/sink/replay.ts';
import { topologyOf } from '../../framework/sink/topology.ts';
import { brokerPlaces, openAt } from '../support/broker-places.ts';
import { deliveryOf, sinkNode } from '../support/sink-node.ts';
import { until } from '../support/until.ts';

const everything: DeadLetterFilter = { codes: [], ids: [], since: null };
const signal = new AbortController().signal;
const newId = (): string => randomUUID();
const clock = { now: () => new Date() };

interface Scene {
  readonly broker: Broker;
  readonly sink: SinkNode;
  /** Fails deliveries for good, as a sink does. */
  fail(...failures: readonly Failing[]): Promise<void>;
  replay(filter?: Partial<DeadLetterFilter>, over?: Broker): Promise<Replay>;
  /** Bodies that are ready in a queue, which keeps them. */
  bodies(queue: string): Promise<string[]>;
  deliveries(queue: string): Promise<Delivery[]>;
}

interface Failing {
  readonly body: string;
  readonly code?: string;
  readonly at?: string;
  readonly of?: SinkNode;
  readonly details?: Partial<Delivery>;
}

/** One test for every broker. The sink's queue is `q…`, its dead letters are in `q….dead`. */
function replays(sentence: string, check: (scene: Scene) => Promise<void>): void {
  for (const [kind, findPlace] of Object.entries(brokerPlaces)) {
    test(`${kind}: ${sentence}`, { timeout: 60_000 }, async (context) => {
      const place = await findPlace(context);
      if (place === null) return;
      await using broker = await openAt(place.address);
      const sink = await sinkNode({ name: 'event', queue: { name: `q${randomUUID().slice(0, 8)}` }, to: { http: { url: 'http://x/' } } });
      await broker.declare(topologyOf([sink], []));
      await check(sceneOf(broker, sink));
    });
  }
}

function sceneOf(broker: Broker, sink: SinkNode): Scene {
  const deliveries = async (queue: string): Promise<Delivery[]> => {
    await using browser = await broker.browse(queue);
    const found: Delivery[] = [];
    for (let delivery = await browser.next(); delivery !== null; delivery = await browser.next()) found.push(delivery);
    return found;
  };
  return {
    broker,
    sink,
    deliveries,
    bodies: async (queue) => (await deliveries(queue)).map(({ body }) => body.toString()),
    replay: (filter = {}, over = broker) =>
      replayDeadLetters(sink, deadLetterQueueOf(sink, [sink]), { ...everything, ...filter }, { broker: over, clock, newId, signal }),
    fail: async (...failures) => {
      await using publisher = await broker.publisher({ window: 1000, confirmMs: 20_000 });
      const messages = failures.map(({ body, code = 'FIELD_TYPE', at, of = sink, details }) =>
        failedMessage(
          of.sink,
          deliveryOf(body, { messageId: `id ${body}`, ...details }),
          { code, message: 'why', retry: false },
          { now: at === undefined ? new Date() : new Date(at), newId },
        ),
      );
      await Promise.all(messages.map((message) => publisher.publish(message)));
    },
  };
}

/** RabbitMQ takes some milliseconds to put back what a look gave back. */
async function untilReady(broker: Broker, queue: string, count: number): Promise<void> {
  const isReady = async (): Promise<boolean> => {
    await using browser = await broker.browse(queue);
    return browser.ready === count;
  };
  await until(isReady, `${queue} does not have ${count} messages`);
}

replays('a replay is the delivery as it came, once, and nothing of its failure', async ({ sink, fail, replay, deliveries, bodies }) => {
  const queue = sink.sink.queue.name;
  const details = {
    exchange: 'event.dx',
    routingKey: 'click',
    contentType: 'application/json',
  };
  await fail({ body: '{"a":1}', details: { ...details, headers: { trace: 'abc', 'x-retry-count': 2 } } });

  const { replayed, kept, failure } = await replay();

  assert.deepEqual([replayed, kept, failure], [1, 0, null]);
  assert.deepEqual(await bodies(`${queue}.dead`), []);
  const [delivery, ...others] = await deliveries(queue);
  assert.deepEqual(others, []);
  assert.equal(delivery?.body.toString(), '{"a":1}');
  assert.deepEqual([delivery?.messageId, delivery?.contentType], ['id {"a":1}', 'application/json']);
  const { 'x-replayed-at': at, ...headers } = Object.fromEntries(
    Object.entries(delivery?.headers ?? {}).filter(([name]) => name !== 'x-delivery-count'),
  );
  assert.ok(Date.parse(String(at)) <= Date.now());
  assert.deepEqual(headers, {
    trace: 'abc',
    'x-original-queue': queue,
    'x-original-exchange': 'event.dx',
    'x-original-routing-key': 'click',
  });
});

replays('a filter takes what it means, and leaves the rest in its order', async ({ broker, sink, fail, replay, bodies }) => {
  const queue = sink.sink.queue.name;
  await fail(
    { body: 'a', at: '2024-01-01T00:00:00Z' },
    { body: 'b', code: 'HTTP 422' },
    { body: 'c' },
    { body: 'd', code: 'HTTP 422', at: '2024-01-01T00:00:00Z' },
    { body: 'e' },
  );

  const byCodeAndTime = await replay({ codes: ['HTTP 422', 'none'], since: new Date('2024-06-01') });
  await untilReady(broker, `${queue}.dead`, 4);
  const byId = await replay({ ids: ['id e', 'id x'] });

  await untilReady(broker, `${queue}.dead`, 3);
  assert.deepEqual([byCodeAndTime.replayed, byCodeAndTime.kept, byId.replayed, byId.kept], [1, 4, 1, 3]);
  assert.deepEqual(await bodies(`${queue}.dead`), ['a', 'c', 'd']);
  assert.deepEqual(await bodies(queue), ['b', 'e']);
});

replays('what fails again during a replay is not replayed again', async ({ broker, sink, fail, replay, bodies }) => {
  const queue = sink.sink.queue.name;
  await fail(...Array.from({ length: 300 }, (_, index) => ({ body: `${index}` })));
  await using publisher = await broker.publisher({ window: 1000, confirmMs: 20_000 });
  let failedAgain = 0;
  const consumer = await broker.consume(queue, {
    prefetch: 10,
    onLost: () => {},
    onDelivery: (delivery) => {
      const failure = { code: 'HTTP 422', message: 'again', retry: false };
      void publisher.publish(failedMessage(sink.sink, delivery, failure, { now: new Date(), newId })).then(() => {
        failedAgain++;
        consumer.ack([delivery]);
      });
    },
  });
  await using _consumer = consumer;

  const { replayed, failure } = await replay();
  await until(() => failedAgain === 300, 'not all came');
  await consumer.stop();

  assert.deepEqual([replayed, failure], [300, null]);
  assert.equal((await bodies(`${queue}.dead`)).length, 300);
});

replays(
  'a crash after the broker has the replay repeats it with the same id, marked as a replay',
  async ({ broker, sink, fail, replay, deliveries }) => {
    const queue = sink.sink.queue.name;
    await fail({ body: 'a' }, { body: 'b' });

    const crashed = await replay({ ids: ['id a'] }, crashingBeforeAck(broker));
    const again = await replay();

    assert.match(String(crashed.failure), /crashed/);
    assert.deepEqual([crashed.replayed, crashed.kept, again.replayed, again.failure], [0, 2, 2, null]);
    const replays = await deliveries(queue);
    assert.deepEqual(replays.map(({ messageId, headers }) => [messageId, typeof headers['x-replayed-at']]).sort(), [
      ['id a', 'string'],
      ['id a', 'string'],
      ['id b', 'string'],
    ]);
  },
);

/** A broker whose dead letters cannot be removed: what a crash between the two looks like from outside. */
function crashingBeforeAck(broker: Broker): Broker {
  const crashing = async (queue: string): Promise<Browser> => {
    const browser = await broker.browse(queue);
    const ack = (): never => {
      throw new Error('crashed');
    };
    return { ready: browser.ready, next: () => browser.next(), ack, [Symbol.asyncDispose]: () => browser[Symbol.asyncDispose]() };
  };
  return {
    ...broker,
    publisher: (options) => broker.publisher(options),
    browse: crashing,
  } as Broker;
}

replays('a replay into a queue that is gone ends, and every dead letter stays', async ({ broker, sink, fail, bodies }) => {
  await fail({ body: 'a' }, { body: 'b' });
  const gone = await sinkNode({ name: 'event', queue: { name: `gone${randomUUID()}` }, to: { http: { url: 'http://x/' } } });
  const queue = deadLetterQueueOf(sink, [sink]);

  const { replayed, kept, failure } = await replayDeadLetters(gone, queue, everything, { broker, clock, newId, signal });

  await untilReady(broker, queue.name, 2);
  assert.deepEqual([replayed, kept], [0, 2]);
  assert.ok(failure instanceof GccflowError && failure.code === 'MESSAGE_UNROUTABLE');
  assert.deepEqual(await bodies(queue.name), ['a', 'b']);
});

replays('of a queue that sinks share, each has its own dead letters', async ({ broker, sink, fail, bodies }) => {
  const dead = deadLetterQueueOf(sink, [sink]).name;
  const route = { exchange: `x${randomUUID()}`, routing_key: 'all', queue: dead };
  const twin = await sinkNode({
    name: 'twin',
    queue: { name: `t${randomUUID()}` },
    to: { http: { url: 'http://x/' } },
    dead_letter: route,
  });
  await broker.declare(topologyOf([twin], []));
  await fail({ body: 'mine' }, { body: 'his', of: twin }, { body: 'mine too' });
  const queue = deadLetterQueueOf(twin, [sink, twin]);
  assert.equal(queue.isShared, true);

  const summary = await summarizeDeadLetters(queue, { broker, limit: 100, signal });
  await untilReady(broker, dead, 3);
  const read = await readDeadLetters(queue, everything, { broker, limit: 1, signal });
  await untilReady(broker, dead, 3);
  const removed = await purgeDeadLetters(queue, everything, { broker, signal });
  await untilReady(broker, dead, 2);

  assert.deepEqual([summary.ready, summary.lookedAt, summary.reasons.map(({ count }) => count)], [3, 3, [1]]);
  assert.deepEqual(
    read.map(({ body }) => body.toString()),
    ['his'],
  );
  assert.equal(removed, 1);
  assert.deepEqual((await bodies(dead)).sort(), ['mine', 'mine too'], 'after several looks RabbitMQ 3.10 has another order');
});

replays('dead letters are counted by reason, up to a limit', async ({ broker, sink, fail }) => {
  await fail(
    { body: 'a', at: '2024-01-03T00:00:00Z' },
    { body: 'b', at: '2024-01-01T00:00:00Z' },
    { body: 'c', code: 'HTTP 422', at: '2024-01-02T00:00:00Z' },
    { body: 'd', at: '2024-01-09T00:00:00Z' },
  );
  const queue = deadLetterQueueOf(sink, [sink]);

  const { ready, lookedAt, reasons } = await summarizeDeadLetters(queue, { broker, limit: 3, signal });

  assert.deepEqual([ready, lookedAt], [4, 3]);
  const day = (number: number): Date => new Date(`2024-01-0${number}T00:00:00Z`);
  assert.deepEqual(reasons, [
    { code: 'FIELD_TYPE', count: 2, firstFailedAt: day(1), lastFailedAt: day(3) },
    { code: 'HTTP 422', count: 1, firstFailedAt: day(2), lastFailedAt: day(2) },
  ]);
});

replays('removing takes what the filter means, and without one all', async ({ broker, sink, fail, bodies }) => {
  await fail({ body: 'a' }, { body: 'b', code: 'HTTP 422' }, { body: 'c' });
  const queue = deadLetterQueueOf(sink, [sink]);

  assert.equal(await purgeDeadLetters(queue, { ...everything, codes: ['HTTP 422'] }, { broker, signal }), 1);
  await untilReady(broker, queue.name, 2);
  assert.deepEqual(await bodies(queue.name), ['a', 'c']);
  await untilReady(broker, queue.name, 2);
  assert.equal(await purgeDeadLetters(queue, everything, { broker, signal }), 2);
  assert.deepEqual(await bodies(queue.name), []);
});

replays('a queue of dead letters that nobody declared has none', async ({ broker }) => {
  const sink = await sinkNode({ name: 'new', queue: { name: `n${randomUUID()}` }, to: { http: { url: 'http://x/' } } });
  const queue = deadLetterQueueOf(sink, [sink]);
  const deps = { broker, clock, newId, signal };

  assert.deepEqual(await replayDeadLetters(sink, queue, everything, deps), { replayed: 0, kept: 0, failure: null });
  assert.equal((await summarizeDeadLetters(queue, { broker, limit: 9, signal })).ready, 0);
  assert.equal(await purgeDeadLetters(queue, everything, deps), 0);
});
