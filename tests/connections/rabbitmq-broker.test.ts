import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import type { Broker, OutgoingMessage, Topology } from '../../framework/connections/broker.ts';
import { RabbitmqDelivery } from '../../framework/connections/rabbitmq-delivery.ts';
import type { Log } from '../../framework/foundation/log.ts';
import { consumed } from '../support/consumed.ts';
import { muteServer } from '../support/mute-server.ts';
import { openRabbitmq } from '../support/open-rabbitmq.ts';
import { recordingLog } from '../support/recording-log.ts';
import { type ScratchVhost, scratchVhost } from '../support/scratch-vhost.ts';
import { until } from '../support/until.ts';
import { silentLog } from '../support/warehouse.ts';

interface Opened extends AsyncDisposable {
  readonly broker: Broker;
  readonly vhost: ScratchVhost;
}

async function scratchBroker(context: TestContext, log: Log = silentLog): Promise<Opened | null> {
  await using opening = new AsyncDisposableStack();
  const vhost = await scratchVhost(context);
  if (vhost === null) return null;
  opening.use(vhost);
  const broker = opening.use(await openRabbitmq(vhost.url, { log }));
  const opened = opening.move();
  return { broker, vhost, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const topology: Topology = {
  exchanges: [{ name: 'events', type: 'direct' }],
  queues: [
    { name: 'q', type: 'quorum', delay: null },
    { name: 'q.retry', type: 'quorum', delay: { ms: 200, queue: 'q' } },
    { name: 'old', type: 'classic', delay: null },
  ],
  bindings: [{ queue: 'q', exchange: 'events', routingKey: 'k' }],
};

function message(id: string, details: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { exchange: 'events', routingKey: 'k', body: Buffer.from(id), messageId: id, ...details };
}

const patient = { window: 100, confirmMs: 10_000 };

test('a wrong password is said at once, and is in no part of the error', async (context) => {
  await using vhost = await scratchVhost(context);
  if (vhost === null) return;

  await assert.rejects(
    openRabbitmq(vhost.url.replace('guest:guest', 'guest:hush-hush-secret')),
    (thrown: Error & { readonly code?: string }) => {
      assert.equal(thrown.code, 'BROKER_UNREACHABLE');
      assert.match(thrown.message, /^RabbitMQ at 127\.0\.0\.1:5672\/gccflow-\w+ cannot be used: it refuses the user or the password\.$/);
      assert.ok(!inspect(thrown, { depth: 20 }).includes('hush'), 'the password is in the error');
      return true;
    },
  );
});

test('a virtual host that is not there is said at once', async (context) => {
  await using vhost = await scratchVhost(context);
  if (vhost === null) return;

  await assert.rejects(openRabbitmq(`${vhost.url}-gone`), { code: 'BROKER_UNREACHABLE', message: /there is no such virtual host/ });
});

test('nobody at the port, and something else than RabbitMQ there, are told apart', async () => {
  await assert.rejects(openRabbitmq('amqp://127.0.0.1:9'), { code: 'BROKER_UNREACHABLE', message: /ECONNREFUSED/ });
  await assert.rejects(openRabbitmq('amqp://hush:secret@'), {
    code: 'BROKER_UNREACHABLE',
    message: /no amqp:\/\/ or amqps:\/\/ address\.$/,
  });
  await assert.rejects(openRabbitmq('redis://127.0.0.1'), { code: 'BROKER_UNREACHABLE', message: /no amqp:\/\// });
  await assert.rejects(openRabbitmq('amqp://a:%zz@127.0.0.1'), { code: 'BROKER_UNREACHABLE', message: /begins no %XX/ });
  await assert.rejects(openRabbitmq('amqp://127.0.0.1?heartbeat=no'), { code: 'BROKER_UNREACHABLE', message: /heartbeat/ });
});

test('the waiting for a server that accepts and never answers ends with the signal', async () => {
  await using server = await muteServer();
  const stop = new AbortController();

  const opening = openRabbitmq(`amqp://127.0.0.1:${server.port}`, { signal: stop.signal });
  await server.reached;
  stop.abort(new Error('enough'));

  await assert.rejects(opening, { message: 'enough' });
});

test('what is missing is declared, twice without harm, and compared without declaring', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker } = opened;

  const before = await broker.compare(topology);
  const untouched = await broker.inspect('q');
  await broker.declare(topology);
  await broker.declare(topology);
  const after = await broker.compare(topology);

  assert.deepEqual(new Set(before.map(({ action }) => action)), new Set(['create']));
  assert.equal(untouched, null);
  assert.deepEqual(
    after.map(({ kind, name, action }) => `${kind} ${name}: ${action}`),
    ['exchange events: none', 'queue q: none', 'queue q.retry: none', 'queue old: none', 'binding events -(k)-> q: unknown'],
  );
});

test('every mismatch is named with both sides, and nothing else is declared', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker } = opened;
  await broker.declare(topology);

  const other: Topology = {
    exchanges: [
      { name: 'fresh', type: 'direct' },
      { name: 'events', type: 'topic' },
    ],
    queues: [
      { name: 'q', type: 'classic', delay: null },
      { name: 'q.retry', type: 'quorum', delay: { ms: 999, queue: 'q' } },
      { name: 'old', type: 'quorum', delay: null },
      { name: 'fresh_q', type: 'quorum', delay: null },
    ],
    bindings: [],
  };

  await assert.rejects(broker.declare(other), {
    code: 'TOPOLOGY_MISMATCH',
    message:
      /exchange 'events' has type direct, but is declared with topic; queue 'q' has type quorum, but is declared with classic; queue 'q\.retry' has x-message-ttl 200, but is declared with 999; queue 'old' has type classic, but is declared with quorum\. Nothing was declared\.$/,
  });
  assert.equal(await broker.inspect('fresh_q'), null);
  assert.deepEqual(
    (await broker.compare(other)).filter(({ action }) => action === 'mismatch').map(({ name, difference }) => [name, difference]),
    [
      ['events', { property: 'type', declared: 'topic', actual: 'direct' }],
      ['q', { property: 'type', declared: 'classic', actual: 'quorum' }],
      ['q.retry', { property: 'x-message-ttl', declared: '999', actual: '200' }],
      ['old', { property: 'type', declared: 'quorum', actual: 'classic' }],
    ],
  );
});

test('a message keeps its id, headers and type, and comes out of a delay queue by itself', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker } = opened;
  await broker.declare(topology);
  await using publisher = await broker.publisher(patient);
  await using q = await consumed(broker, 'q');
  const headers = { 'x-retry-count': 1, big: 2 ** 40, text: 'ü', nested: { list: [1, 'two', null, true] } };

  await publisher.publish(message('one', { headers, contentType: 'application/json' }));
  await publisher.publish(message('late', { exchange: '', routingKey: 'q.retry' }));
  const [one, late] = await q.have(2);

  assert.deepEqual(one?.headers, headers);
  assert.equal(one?.messageId, 'one');
  assert.equal(one?.contentType, 'application/json');
  assert.equal(one?.exchange, 'events');
  assert.equal(one?.redelivered, false);
  assert.ok(Math.abs((one?.publishedAt?.getTime() ?? 0) - Date.now()) < 60_000);
  assert.equal(late?.messageId, 'late');
  assert.notEqual(one?.key, late?.key);
});

test('a message that no queue wants is thrown, and those around it are stored', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker } = opened;
  await broker.declare(topology);
  await using publisher = await broker.publisher(patient);

  const [before, lost, sameId, nowhere, after] = await Promise.allSettled([
    publisher.publish(message('a')),
    publisher.publish(message('same', { routingKey: 'nobody' })),
    publisher.publish(message('same')),
    publisher.publish(message('n', { exchange: '', routingKey: 'no_queue' })),
    publisher.publish(message('z')),
  ]);

  assert.deepEqual([before?.status, sameId?.status, after?.status], ['fulfilled', 'fulfilled', 'fulfilled']);
  assert.equal(lost?.status === 'rejected' && lost.reason.code, 'MESSAGE_UNROUTABLE');
  assert.match(lost?.status === 'rejected' ? lost.reason.message : '', /no queue is bound to exchange 'events' with routing key 'nobody'/);
  assert.match(nowhere?.status === 'rejected' ? nowhere.reason.message : '', /there is no queue 'no_queue'/);
  assert.equal((await broker.inspect('q'))?.ready, 3);
});

test('an exchange that is not there costs its message, and the publisher goes on', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker } = opened;
  await broker.declare(topology);
  await using publisher = await broker.publisher(patient);

  await assert.rejects(publisher.publish(message('a', { exchange: 'nowhere' })), {
    code: 'MESSAGE_UNROUTABLE',
    message: /there is no exchange 'nowhere'/,
  });
  await publisher.publish(message('b'));

  assert.equal(publisher.inFlight, 0);
  assert.equal((await broker.inspect('q'))?.ready, 1);
});

test('what AMQP cannot carry, and what a full queue does not take, is refused', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker, vhost } = opened;
  await broker.declare(topology);
  await using publisher = await broker.publisher(patient);
  await vhost.ctl('set_policy', '-p', vhost.vhost, 'full', '^old$', '{"max-length":1,"overflow":"reject-publish"}', '--apply-to', 'queues');
  const toOld = { exchange: '', routingKey: 'old' };

  await assert.rejects(publisher.publish(message('x'.repeat(300))), { code: 'MESSAGE_REFUSED' });
  await assert.rejects(publisher.publish(message('a', { headers: { long: 'x'.repeat(70_000) } })), {
    code: 'MESSAGE_REFUSED',
    message: /exceeds/,
  });
  const filled = await Promise.allSettled(Array.from({ length: 20 }, (_, id) => publisher.publish(message(`${id}`, toOld))));

  const refused = filled.filter((result) => result.status === 'rejected');
  assert.ok(refused.length > 0);
  for (const { reason } of refused) assert.equal(reason.code, 'MESSAGE_REFUSED');
  assert.equal((await broker.inspect('old'))?.ready, filled.length - refused.length);
});

test('headers of strangers neither stop a message nor send it anywhere else', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker } = opened;
  await broker.declare(topology);
  await using publisher = await broker.publisher(patient);
  await using q = await consumed(broker, 'q');
  const headers = { CC: ['old'], BCC: ['old'], nan: Number.NaN, odd: { '!': 'odd', value: 1 }, kept: 'yes', nothing: null };

  await publisher.publish(message('a', { headers }));
  await publisher.publish(message('b', { headers: { CC: 'no list', kept: 'yes' } }));
  const [a, b] = await q.have(2);

  assert.deepEqual(a?.headers, { nan: 'NaN', odd: '{"!":"odd","value":1}', kept: 'yes', nothing: null });
  assert.deepEqual(b?.headers, { kept: 'yes' });
  assert.equal((await broker.inspect('old'))?.ready, 0);
});

test('a user who may not declare uses what is there, and is told what is missing', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker, vhost } = opened;
  await broker.declare(topology);
  const user = vhost.vhost;
  await vhost.ctl('add_user', user, 'hush');
  await using _cleanup = { [Symbol.asyncDispose]: async () => void (await vhost.ctl('delete_user', user)) };
  await vhost.ctl('set_permissions', '-p', vhost.vhost, user, '^$', '^(events|q)$', '^(events|q)$');
  await using limited = await openRabbitmq(vhost.url.replace('guest:guest', `${user}:hush`));
  const queue = { name: 'fresh', type: 'quorum', delay: null } as const;

  await limited.declare({ ...topology, queues: topology.queues.filter(({ name }) => name === 'q') });
  await assert.rejects(limited.declare({ exchanges: [], queues: [queue], bindings: [] }), {
    code: 'BROKER_REFUSED',
    message: /forbids declaring what the project needs: access to queue 'fresh' in vhost '[^']+' refused for user/,
  });
  await assert.rejects(consumed(limited, 'old'), { code: 'BROKER_REFUSED', message: /forbids consuming queue 'old'/ });
  await using publisher = await limited.publisher(patient);
  await publisher.publish(message('a'));
  await assert.rejects(publisher.publish(message('b', { exchange: 'amq.topic' })), {
    code: 'MESSAGE_REFUSED',
    message: /access to exchange/,
  });
  await using q = await consumed(limited, 'q');
  await q.have(1);
});

test('a window of one still publishes everything, in order', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker } = opened;
  await broker.declare(topology);
  await using publisher = await broker.publisher({ window: 1, confirmMs: 10_000 });
  const ids = Array.from({ length: 50 }, (_, id) => `${id}`);

  await Promise.all(ids.map((id) => publisher.publish(message(id))));
  await using q = await consumed(broker, 'q');
  await q.have(50);

  assert.deepEqual(q.bodies(), ids);
});

test('a closed publisher has sent what it took, and takes nothing more', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker } = opened;
  await broker.declare(topology);
  const publisher = await broker.publisher(patient);

  const publishing = Array.from({ length: 300 }, (_, id) => publisher.publish(message(`${id}`)));
  await publisher[Symbol.asyncDispose]();

  await Promise.all(publishing);
  await assert.rejects(publisher.publish(message('late')), { code: 'BROKER_UNREACHABLE', message: /closed/ });
  assert.equal((await broker.inspect('q'))?.ready, 300);
});

test('what is acked is gone, what is requeued comes again, and what is held goes back at the end', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker } = opened;
  await broker.declare(topology);
  await using publisher = await broker.publisher(patient);
  await Promise.all(Array.from({ length: 10 }, (_, id) => publisher.publish(message(`${id}`))));

  {
    await using q = await consumed(broker, 'q', { prefetch: 10 });
    const [zero, one, two, three, four, five] = (await q.have(10)) as [never, never, never, never, never, never];
    assert.equal(q.consumer.ack([zero, one, four]), true);
    q.consumer.requeue([two]);
    assert.equal(q.consumer.ack([three, four, three]), true);
    const again = (await q.have(11))[10];
    assert.equal(again?.body.toString(), '2');
    assert.equal(again?.redelivered, true);
    assert.equal(again?.deliveryCount, 1);
    await q.consumer.stop();
    await publisher.publish(message('10'));
    assert.equal(q.consumer.ack([five]), true);
  }
  await using rest = await consumed(broker, 'q');
  await rest.have(6);

  assert.deepEqual([...rest.bodies()].sort(), ['10', '2', '6', '7', '8', '9']);
});

test('a queue deleted under its consumer is declared again, and consumed', async (context) => {
  const log = recordingLog();
  await using opened = await scratchBroker(context, log);
  if (opened === null) return;
  const { broker, vhost } = opened;
  await broker.declare(topology);
  await using publisher = await broker.publisher(patient);
  await publisher.publish(message('gone'));
  await using q = await consumed(broker, 'q');
  const [gone] = await q.have(1);

  await vhost.ctl('delete_queue', '-p', vhost.vhost, 'q');
  await until(async () => (await broker.inspect('q'))?.consumers === 1, 'the queue did not come back');
  await publisher.publish(message('new'));
  await q.have(2);

  assert.deepEqual(q.losses, ['the queue was deleted, or its node went down']);
  assert.equal(q.consumer.ack(gone ? [gone] : []), false);
  assert.deepEqual(q.bodies(), ['gone', 'new']);
  assert.deepEqual(log.messages(), ['consumer lost', 'consumer restored']);
});

test('a queue that nobody declares is waited for', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker, vhost } = opened;
  await using other = await openRabbitmq(vhost.url);
  await other.declare(topology);
  await using q = await consumed(broker, 'q');

  await vhost.ctl('delete_queue', '-p', vhost.vhost, 'q');
  await until(() => q.losses.length === 1, 'nothing was lost');
  await other.declare(topology);
  await using publisher = await other.publisher(patient);
  await publisher.publish(message('new'));

  await q.have(1);
});

test('a channel that the server closes is opened again, alone, and what it held comes again', async (context) => {
  const log = recordingLog();
  await using opened = await scratchBroker(context, log);
  if (opened === null) return;
  const { broker } = opened;
  await broker.declare(topology);
  await using publisher = await broker.publisher(patient);
  await publisher.publish(message('a'));
  await publisher.publish(message('b', { exchange: '', routingKey: 'old' }));
  await using q = await consumed(broker, 'q');
  await using old = await consumed(broker, 'old');
  const [first] = await q.have(1);
  const [untouched] = await old.have(1);

  // No such tag: the server closes the channel with PRECONDITION_FAILED.
  assert.ok(first instanceof RabbitmqDelivery && untouched !== undefined);
  first.hold.channel.ack({ fields: { deliveryTag: 99 } } as never);
  const [, again] = await q.have(2);

  assert.deepEqual(q.losses, ['unknown delivery tag 99']);
  assert.equal(q.consumer.ack([first]), false);
  assert.equal(again?.redelivered, true);
  assert.equal(q.consumer.ack(again ? [again] : []), true);
  assert.deepEqual(old.losses, []);
  assert.equal(old.consumer.ack([untouched]), true);
  assert.deepEqual(log.messages(), ['consumer lost', 'consumer restored']);
});

test('a browser takes out of a queue what it acks, and gives back the rest', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker } = opened;
  await broker.declare(topology);
  await using publisher = await broker.publisher(patient);
  await publisher.publish(message('a'));
  await publisher.publish(message('b'));

  {
    await using browser = await broker.browse('q');
    const a = await browser.next();
    const b = await browser.next();
    assert.deepEqual([a?.body.toString(), b?.body.toString(), await browser.next()], ['a', 'b', null]);
    if (a) browser.ack(a);
  }
  await using q = await consumed(broker, 'q');
  await q.have(1);

  assert.deepEqual(q.bodies(), ['b']);
});

test('a queue tells how full it is and since when, and is emptied', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker } = opened;
  await broker.declare(topology);
  await using publisher = await broker.publisher(patient);
  const begun = Date.now();
  for (const id of ['a', 'b']) await publisher.publish(message(id, { exchange: '', routingKey: 'old' }));

  const { oldest, ...state } = (await broker.inspect('old')) ?? { oldest: null };

  assert.deepEqual(state, { name: 'old', ready: 2, unacked: null, consumers: 0 });
  assert.ok(Math.abs((oldest?.getTime() ?? 0) - begun) < 60_000);
  assert.equal(await broker.purge('old'), 2);
  assert.deepEqual(await broker.inspect('old'), { name: 'old', ready: 0, unacked: null, consumers: 0, oldest: null });
});

test('a queue that is not there is named', async (context) => {
  await using opened = await scratchBroker(context);
  if (opened === null) return;
  const { broker } = opened;
  const missing = { code: 'QUEUE_NOT_FOUND', message: /has no queue 'nope'/ };

  await assert.rejects(consumed(broker, 'nope'), missing);
  await assert.rejects(broker.browse('nope'), missing);
  await assert.rejects(broker.purge('nope'), missing);
  assert.equal(await broker.inspect('nope'), null);
});
