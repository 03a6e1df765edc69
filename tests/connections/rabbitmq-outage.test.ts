import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Broker, Topology } from '../../framework/connections/broker.ts';
import type { Log } from '../../framework/foundation/log.ts';
import { consumed } from '../support/consumed.ts';
import { type FaultProxy, faultProxy } from '../support/fault-proxy.ts';
import { openRabbitmq } from '../support/open-rabbitmq.ts';
import { recordingLog } from '../support/recording-log.ts';
import { scratchVhost } from '../support/scratch-vhost.ts';
import { until } from '../support/until.ts';
import { silentLog } from '../support/warehouse.ts';

interface Cuttable extends AsyncDisposable {
  readonly broker: Broker;
  readonly proxy: FaultProxy;
  readonly stop: AbortController;
}

const topology: Topology = {
  exchanges: [{ name: 'events', type: 'direct' }],
  queues: [{ name: 'q', type: 'quorum', delay: null }],
  bindings: [{ queue: 'q', exchange: 'events', routingKey: 'k' }],
};

/** A broker behind a proxy that breaks its connections, with heartbeats each second. */
async function behindProxy(context: TestContext, log: Log = silentLog): Promise<Cuttable | null> {
  await using opening = new AsyncDisposableStack();
  const vhost = await scratchVhost(context);
  if (vhost === null) return null;
  opening.use(vhost);
  const proxy = opening.use(await faultProxy(5672));
  const url = `${vhost.url.replace(':5672', `:${proxy.port}`)}?heartbeat=1`;
  const stop = new AbortController();
  const broker = opening.use(await openRabbitmq(url, { log, signal: stop.signal }));
  await broker.declare(topology);
  const opened = opening.move();
  return { broker, proxy, stop, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const message = (id: string) => ({ exchange: 'events', routingKey: 'k', body: Buffer.from(id), messageId: id });

test('a connection that is cut comes back, and with it consumers and publishers; both ends of the outage are logged once', async (context) => {
  const log = recordingLog();
  await using cuttable = await behindProxy(context, log);
  if (cuttable === null) return;
  const { broker, proxy } = cuttable;
  await using publisher = await broker.publisher({ window: 100, confirmMs: 20_000 });
  await using q = await consumed(broker, 'q');
  await publisher.publish(message('held'));
  const [held] = await q.have(1);

  proxy.fault(() => 'cut');
  const lost = publisher.publish(message('lost'));
  await assert.rejects(lost, { code: 'BROKER_UNREACHABLE', message: /may be stored/ });
  await until(() => q.losses.length === 1, 'the consumer lost nothing');
  assert.match(publisher.obstacle ?? '', /is not connected/);
  const waits = publisher.publish(message('waits'));
  proxy.heal();
  await waits;
  await until(() => q.bodies().filter((body) => body !== 'lost').length >= 3, 'not everything came');

  assert.equal(publisher.obstacle, null);
  assert.equal(q.consumer.ack(held ? [held] : []), false);
  assert.deepEqual(q.losses, ['the connection was lost']);
  assert.deepEqual(
    q.bodies().filter((body) => body !== 'lost'),
    ['held', 'held', 'waits'],
  );
  assert.equal(q.deliveries.findLast(({ messageId }) => messageId === 'held')?.redelivered, true);
  await until(() => log.messages().length === 2, 'the end was not logged');
  assert.deepEqual(log.messages(), ['broker connection lost', 'broker connection restored']);
  assert.match(String(log.lines.find(({ message }) => message === 'broker connection restored')?.fields.lasted), /^[\d.]+ m?s$/);
});

test('a connection that is cut again and again loses nothing that was confirmed or is not acked', async (context) => {
  await using cuttable = await behindProxy(context);
  if (cuttable === null) return;
  const { broker, proxy } = cuttable;
  const ids = Array.from({ length: 3_000 }, (_, id) => `${id}`);
  const seen = new Set<string>();
  await using publisher = await broker.publisher({ window: 200, confirmMs: 20_000 });
  await using consumer = await broker.consume('q', {
    prefetch: 200,
    onDelivery: (delivery) => {
      if (consumer.ack([delivery])) seen.add(delivery.messageId ?? '');
    },
    onLost: () => {},
  });
  let cuts = 0;
  // Both connections, whenever this one has passed another 100,000 bytes.
  proxy.fault(({ bytes }) => (bytes > 100_000 && cuts < 12 && cuts++ >= 0 ? 'cut' : 'pass'));

  const publish = async (id: string): Promise<void> => {
    while (true) {
      try {
        return await publisher.publish(message(id));
      } catch (thrown) {
        assert.equal((thrown as { readonly code?: string }).code, 'BROKER_UNREACHABLE');
      }
    }
  };
  await Promise.all(ids.map(publish));
  await until(
    () => seen.size === ids.length,
    () => `${seen.size} of ${ids.length} came`,
    60_000,
  );

  assert.ok(cuts > 2, `${cuts} cuts`);
});

test('a connection that goes silent is given up and made again', async (context) => {
  const log = recordingLog();
  await using cuttable = await behindProxy(context, log);
  if (cuttable === null) return;
  const { broker, proxy } = cuttable;
  await using publisher = await broker.publisher({ window: 100, confirmMs: 30_000 });
  await using q = await consumed(broker, 'q');
  await publisher.publish(message('held'));
  await q.have(1);

  proxy.fault(() => 'hole');
  await until(() => q.losses.length === 1, 'the silence was not noticed');
  await until(() => publisher.obstacle !== null, 'the publisher did not notice');
  proxy.heal();
  await publisher.publish(message('after'));
  await q.have(3);

  assert.deepEqual(q.bodies(), ['held', 'held', 'after']);
  assert.deepEqual(log.messages(), ['broker connection lost', 'broker connection restored']);
  assert.equal(log.lines.find(({ level }) => level === 'warn')?.fields.reason, 'Heartbeat timeout');
});

test('a message that is not confirmed in time says that it may be stored, and one that was not sent does not', async (context) => {
  await using cuttable = await behindProxy(context);
  if (cuttable === null) return;
  const { broker, proxy } = cuttable;
  await using publisher = await broker.publisher({ window: 1, confirmMs: 300 });
  await publisher.publish(message('first'));

  proxy.fault(({ direction }) => (direction === 'answer' ? 'hole' : 'pass'));
  const [sent, behind] = await Promise.allSettled([publisher.publish(message('sent')), publisher.publish(message('behind'))]);

  assert.match(sent.status === 'rejected' ? sent.reason.message : '', /not confirmed within 300 ms: it may be stored/);
  assert.match(behind.status === 'rejected' ? behind.reason.message : '', /could not be sent within 300 ms/);
  assert.equal(publisher.inFlight, 1);
});

test('once aborted no connection is made any more, and whoever waits for one is told', async (context) => {
  await using cuttable = await behindProxy(context);
  if (cuttable === null) return;
  const { broker, proxy, stop } = cuttable;
  await using publisher = await broker.publisher({ window: 100, confirmMs: 60_000 });
  await using q = await consumed(broker, 'q');
  await publisher.publish(message('a'));
  const [a] = await q.have(1);

  stop.abort();
  assert.equal(q.consumer.ack(a ? [a] : []), true);
  await publisher.publish(message('b'));
  proxy.fault(() => 'cut');
  await assert.rejects(publisher.publish(message('c')), { code: 'BROKER_UNREACHABLE' });

  await assert.rejects(publisher.publish(message('d')), { code: 'BROKER_UNREACHABLE' });
  await assert.rejects(broker.inspect('q'), { name: 'AbortError' });
});

test('closing does not wait for a server that has gone silent', async (context) => {
  await using cuttable = await behindProxy(context);
  if (cuttable === null) return;
  const { broker, proxy } = cuttable;
  const q = await consumed(broker, 'q');

  proxy.fault(() => 'hole');
  const begun = performance.now();
  await q[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();

  assert.ok(performance.now() - begun < 15_000);
});
