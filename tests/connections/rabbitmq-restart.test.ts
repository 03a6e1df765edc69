import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { Broker, OutgoingMessage, Publisher, Topology } from '../../framework/connections/broker.ts';
import { consumed } from '../support/consumed.ts';
import { openRabbitmq } from '../support/open-rabbitmq.ts';
import { type PrivateRabbit, privateMaxBytes, privateRabbit } from '../support/rabbitmq.ts';
import { recordingLog } from '../support/recording-log.ts';
import { until } from '../support/until.ts';
import { silentLog } from '../support/warehouse.ts';

const topology: Topology = {
  exchanges: [{ name: 'events', type: 'topic' }],
  queues: [
    { name: 'q', type: 'quorum', delay: null },
    { name: 'old', type: 'classic', delay: null },
  ],
  bindings: [
    { queue: 'q', exchange: 'events', routingKey: 'q.#' },
    { queue: 'old', exchange: 'events', routingKey: 'old.#' },
  ],
};

/** One node for the tests of this file; it takes some seconds to start. */
let node: PrivateRabbit | null = null;
let isDeclared = false;

after(() => node?.[Symbol.asyncDispose]());

async function privateBroker(context: TestContext, log = silentLog): Promise<{ rabbit: PrivateRabbit; broker: Broker } | null> {
  node ??= await privateRabbit(context);
  if (node === null) return null;
  await node.start();
  const broker = await openRabbitmq(node.url, { log });
  if (!isDeclared) await broker.declare(topology);
  isDeclared = true;
  return { rabbit: node, broker };
}

const message = (id: string, routingKey = 'q.a'): OutgoingMessage => ({
  exchange: 'events',
  routingKey,
  body: Buffer.from(id),
  messageId: id,
});

/** Publishes until each id is confirmed; what was not is sent once more under its id. */
async function publishAll(publisher: Publisher, ids: readonly string[]): Promise<void> {
  const publish = async (id: string): Promise<void> => {
    for (;;) {
      try {
        return await publisher.publish(message(id, Number(id) % 2 === 0 ? 'q.a' : 'old.a'));
      } catch (thrown) {
        assert.equal((thrown as { readonly code?: string }).code, 'BROKER_UNREACHABLE', String(thrown));
      }
    }
  };
  await Promise.all(ids.map(publish));
}

test('a broker that is stopped and started in mid-load loses nothing that it confirmed, and one that is killed neither', async (context) => {
  const log = recordingLog();
  const opened = await privateBroker(context, log);
  if (opened === null) return;
  const { rabbit } = opened;
  await using broker = opened.broker;
  await using publisher = await broker.publisher({ window: 500, confirmMs: 60_000 });
  const seen = new Set<string>();
  const onLost = (): void => {};
  const options = { prefetch: 300, onLost };
  await using quorum = await broker.consume('q', {
    ...options,
    onDelivery: (delivery) => quorum.ack([delivery]) && seen.add(delivery.messageId ?? ''),
  });
  await using classic = await broker.consume('old', {
    ...options,
    onDelivery: (delivery) => classic.ack([delivery]) && seen.add(delivery.messageId ?? ''),
  });

  let sent = 0;
  // Stopped first: a quorum queue declared within seconds of a kill is lost whole, confirmed messages included, as its name is not on the disk yet.
  for (const end of ['stop', 'kill'] as const) {
    const ids = Array.from({ length: 10_000 }, () => `${sent++}`);
    const publishing = publishAll(publisher, ids);
    await until(() => seen.size > sent - 8_000, 'nothing came');
    await rabbit[end]();
    await rabbit.start();
    await publishing;
    await until(
      () => seen.size === sent,
      () => `${seen.size} of ${sent} came`,
      60_000,
    );
  }

  assert.deepEqual(log.messages(), [
    'broker connection lost',
    'broker connection restored',
    'broker connection lost',
    'broker connection restored',
  ]);
});

test('a broker that is short of memory holds up publishers, and consumers go on', async (context) => {
  const opened = await privateBroker(context);
  if (opened === null) return;
  const { rabbit } = opened;
  await using broker = opened.broker;
  await using publisher = await broker.publisher({ window: 10, confirmMs: 60_000 });
  await using hasty = await broker.publisher({ window: 10, confirmMs: 500 });
  await publisher.publish(message('before'));

  await rabbit.ctl('set_vm_memory_high_watermark', 'absolute', '1');
  try {
    // RabbitMQ tells those that publish, and not before they do.
    const publishing = Array.from({ length: 100 }, (_, id) => publisher.publish(message(`${id}`)));
    await until(() => publisher.obstacle !== null, 'the alarm was not heard');
    assert.match(publisher.obstacle ?? '', /takes no messages: low on memory/);
    await assert.rejects(hasty.publish(message('hasty')), {
      code: 'BROKER_UNREACHABLE',
      message: /could not be sent within 500 ms: .*low on memory/,
    });
    {
      await using q = await consumed(broker, 'q');
      const [before] = await q.have(1);
      assert.equal(q.consumer.ack(before ? [before] : []), true);
    }
    assert.equal(await broker.inspect('nope'), null);

    await rabbit.ctl('set_vm_memory_high_watermark', '0.4');
    await Promise.all(publishing);
  } finally {
    await rabbit.ctl('set_vm_memory_high_watermark', '0.4');
  }

  assert.equal(publisher.obstacle, null);
  assert.equal(await broker.purge('q'), 100);
});

test('a message larger than the broker takes is refused, and the publisher goes on', async (context) => {
  const opened = await privateBroker(context);
  if (opened === null) return;
  await using broker = opened.broker;
  await using publisher = await broker.publisher({ window: 10, confirmMs: 60_000 });

  await assert.rejects(publisher.publish({ ...message('big'), body: Buffer.alloc(privateMaxBytes + 1) }), {
    code: 'MESSAGE_REFUSED',
    message: /message size 4194305 is larger than/,
  });
  await publisher.publish({ ...message('fits'), body: Buffer.alloc(privateMaxBytes, 'x') });
  await using q = await consumed(broker, 'q');
  const [fits] = await q.have(1);

  assert.equal(fits?.messageId, 'fits');
  assert.equal(fits?.body.length, privateMaxBytes);
  q.consumer.ack(fits ? [fits] : []);
});

test('a broker that forgot everything gets its queues again before consumers come back', async (context) => {
  const log = recordingLog();
  const opened = await privateBroker(context, log);
  if (opened === null) return;
  const { rabbit } = opened;
  await using broker = opened.broker;
  await broker.declare(topology);
  await using publisher = await broker.publisher({ window: 10, confirmMs: 60_000 });
  await using q = await consumed(broker, 'q');

  await rabbit.ctl('stop_app');
  await rabbit.ctl('force_reset');
  await rabbit.ctl('start_app');
  await publisher.publish(message('new'));
  await q.have(1);

  assert.deepEqual(q.bodies(), ['new']);
  assert.deepEqual(log.messages(), ['broker connection lost', 'broker connection restored']);
});
