import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Broker, Delivery, OutgoingMessage, Topology } from '../../framework/connections/broker.ts';
import { type BrokerPlace, brokerPlaces, openAt } from '../support/broker-places.ts';
import { consumed } from '../support/consumed.ts';
import { until, untilAtOnce } from '../support/until.ts';

/** What a test of the contract works with; names are its own. */
interface Scene {
  readonly place: BrokerPlace;
  readonly broker: Broker;
  /** A name that no other test has. */
  name(part: string): string;
  /** Declares ordinary queues of these names, bound to nothing. */
  queues(...names: readonly string[]): Promise<void>;
  /** Publishes bodies straight into a queue, in their order. */
  fill(queue: string, bodies: readonly string[]): Promise<void>;
}

/** One test for every broker. */
function contract(sentence: string, check: (scene: Scene) => Promise<void>): void {
  for (const [kind, findPlace] of Object.entries(brokerPlaces)) {
    test(`${kind}: ${sentence}`, { timeout: 60_000 }, async (context) => {
      const place = await findPlace(context);
      if (place === null) return;
      await using broker = await openAt(place.address);
      const suffix = randomUUID().slice(0, 8);
      await check({
        place,
        broker,
        name: (part) => `${part}_${suffix}`,
        queues: (...names) => broker.declare({ exchanges: [], queues: names.map(ordinary), bindings: [] }),
        fill: async (queue, bodies) => {
          await using publisher = await broker.publisher(patient);
          await Promise.all(bodies.map((body) => publisher.publish(toQueue(queue, body))));
        },
      });
    });
  }
}

const patient = { window: 2_000, confirmMs: 20_000 };

const ordinary = (name: string): Topology['queues'][number] => ({ name, type: 'quorum', delay: null });

function toQueue(queue: string, body: string): OutgoingMessage {
  return { exchange: '', routingKey: queue, body: Buffer.from(body), messageId: `id of ${body}` };
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

/** RabbitMQ counts what is ready some moments later. */
async function untilReady(broker: Broker, queue: string, count: number): Promise<void> {
  let ready: number | undefined;
  const counted = async (): Promise<boolean> => {
    ready = (await broker.inspect(queue))?.ready;
    return ready === count;
  };
  await until(counted, () => `${ready} of ${count} messages are ready in ${queue}`);
}

/** Takes all messages that are ready in a queue. */
async function takeAll(broker: Broker, queue: string): Promise<string[]> {
  await using browser = await broker.browse(queue);
  const bodies: string[] = [];
  for (let delivery = await browser.next(); delivery !== null; delivery = await browser.next()) {
    bodies.push(delivery.body.toString());
    browser.ack(delivery);
  }
  return bodies;
}

/** A program of tests/support in a process of its own. */
function spawnSupport(program: string, args: readonly string[]): ChildProcessByStdio<null, Readable, null> {
  return spawn(process.execPath, [join(import.meta.dirname, '../support', program), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

contract('what is missing is declared once, and declaring it again changes nothing', async ({ broker, name }) => {
  const topology: Topology = {
    exchanges: [{ name: name('e'), type: 'topic' }],
    queues: [ordinary(name('q')), { name: name('later'), type: 'quorum', delay: { ms: 5_000, queue: name('q') } }],
    bindings: [{ exchange: name('e'), routingKey: 'a.*', queue: name('q') }],
  };

  const before = await broker.compare(topology);
  await broker.declare(topology);
  await broker.declare(topology);
  const after = await broker.compare(topology);

  assert.deepEqual(
    before.map(({ kind, action }) => `${kind} ${action}`),
    ['exchange create', 'queue create', 'queue create', 'binding create'],
  );
  assert.deepEqual(
    after.slice(0, 3).map(({ action }) => action),
    ['none', 'none', 'none'],
  );
  assert.match(after[3]?.action ?? '', /^(none|unknown)$/);
  assert.equal(after[3]?.name, `${name('e')} -(a.*)-> ${name('q')}`);
});

contract('what is there with other properties is named with both sides, and nothing is declared', async ({ broker, name }) => {
  const delayed = (ms: number): Topology['queues'][number] => ({ name: name('later'), type: 'quorum', delay: { ms, queue: name('q') } });
  await broker.declare({ exchanges: [{ name: name('e'), type: 'topic' }], queues: [ordinary(name('q')), delayed(5_000)], bindings: [] });

  const other: Topology = {
    exchanges: [{ name: name('e'), type: 'fanout' }],
    queues: [delayed(6_000), ordinary(name('new'))],
    bindings: [],
  };

  const changes = await broker.compare(other);
  await assert.rejects(broker.declare(other), { code: 'TOPOLOGY_MISMATCH', message: /fanout.*6000|topic.*5000/ });
  assert.deepEqual(
    changes.map(({ action }) => action),
    ['mismatch', 'mismatch', 'create'],
  );
  assert.deepEqual(changes[0]?.difference, { property: 'type', declared: 'fanout', actual: 'topic' });
  assert.equal(await broker.inspect(name('new')), null);
});

for (const [type, bindings, keys] of [
  ['direct', ['a', 'b'], ['a', 'a.b']],
  ['topic', ['a.*', 'a.#'], ['a', 'a.b', 'a.b.c', 'b']],
  ['fanout', ['', ''], ['a', '']],
] as const) {
  contract(`a ${type} exchange routes by its rule, one copy to a queue`, async ({ broker, name }) => {
    const queues = bindings.map((_, index) => name(`q${index}`));
    await broker.declare({
      exchanges: [{ name: name('e'), type }],
      queues: queues.map(ordinary),
      bindings: queues.flatMap((queue, index) => [
        { exchange: name('e'), routingKey: bindings[index] ?? '', queue },
        { exchange: name('e'), routingKey: bindings[index] ?? '', queue },
      ]),
    });

    const unroutable = await publishKeys(broker, name('e'), keys);

    const expected = {
      direct: [['a'], []],
      topic: [['a.b'], ['a', 'a.b', 'a.b.c']],
      fanout: [
        ['a', ''],
        ['a', ''],
      ],
    }[type];
    assert.deepEqual(await Promise.all(queues.map((queue) => takeAll(broker, queue))), expected);
    assert.deepEqual(unroutable, { direct: ['a.b'], topic: ['b'], fanout: [] }[type]);
  });
}

/** Publishes a message for every key, whose body is the key; gives back the keys that no queue wanted. */
async function publishKeys(broker: Broker, exchange: string, keys: readonly string[]): Promise<string[]> {
  await using publisher = await broker.publisher(patient);
  const publish = async (key: string): Promise<string[]> => {
    try {
      await publisher.publish({ exchange, routingKey: key, body: Buffer.from(key), messageId: key });
      return [];
    } catch (thrown) {
      assert.equal((thrown as { readonly code?: string }).code, 'MESSAGE_UNROUTABLE', String(thrown));
      return [key];
    }
  };
  return (await Promise.all(keys.map(publish))).flat();
}

const word = fc.constantFrom('', 'a', 'b', 'ab');
const keysOf = (words: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(words, { minLength: 1, maxLength: 4 }).map((all) => all.join('.'));
const cases = fc.record({
  bindings: fc.uniqueArray(keysOf(fc.oneof(fc.constantFrom('*', '#'), word)), { minLength: 1, maxLength: 8 }),
  keys: fc.uniqueArray(keysOf(word), { minLength: 1, maxLength: 30 }),
});

/** The rule of topics, said with a regular expression. */
function isTaken(binding: string, key: string): boolean {
  const words = (binding === '' ? [] : binding.split('.')).map((part) =>
    part === '#' ? '(?:[^.]*\\.)*' : `${part === '*' ? '[^.]*' : part}\\.`,
  );
  return new RegExp(`^${words.join('')}$`).test(key === '' ? '' : `${key}.`);
}

contract('topic bindings take what a regular expression takes', async ({ broker }) => {
  const check = async ({ bindings, keys }: { bindings: readonly string[]; keys: readonly string[] }): Promise<void> => {
    const exchange = `e_${randomUUID().slice(0, 8)}`;
    const queues = bindings.map((_, index) => `${exchange}.q${index}`);
    await broker.declare({
      exchanges: [{ name: exchange, type: 'topic' }],
      queues: queues.map((name) => ({ name, type: 'classic', delay: null })),
      bindings: bindings.map((routingKey, index) => ({ exchange, routingKey, queue: queues[index] ?? '' })),
    });

    const unroutable = await publishKeys(broker, exchange, keys);

    const taken = await Promise.all(queues.map((queue) => takeAll(broker, queue)));
    assert.deepEqual(
      taken,
      bindings.map((binding) => keys.filter((key) => isTaken(binding, key))),
    );
    assert.deepEqual(
      unroutable,
      keys.filter((key) => !bindings.some((binding) => isTaken(binding, key))),
    );
  };

  await fc.assert(fc.asyncProperty(cases, check), { numRuns: 10, endOnFailure: true });
});

contract('a binding that another process adds routes the next message', async ({ place, broker, name }) => {
  await using other = await openAt(place.address);
  const topology = (bound: readonly string[]): Topology => ({
    exchanges: [{ name: name('e'), type: 'direct' }],
    queues: ['q0', 'q1'].map((part) => ordinary(name(part))),
    bindings: bound.map((part) => ({ exchange: name('e'), routingKey: 'k', queue: name(part) })),
  });
  await broker.declare(topology(['q0']));
  await using publisher = await broker.publisher(patient);
  const publish = (id: string): Promise<void> =>
    publisher.publish({ exchange: name('e'), routingKey: 'k', body: Buffer.from(id), messageId: id });

  await publish('1');
  await other.declare(topology(['q0', 'q1']));
  await publish('2');

  assert.deepEqual(await takeAll(broker, name('q0')), ['1', '2']);
  assert.deepEqual(await takeAll(broker, name('q1')), ['2']);
});

contract('a confirmed message is in its queue, with all that came with it', async ({ broker, name, queues }) => {
  await broker.declare({
    exchanges: [{ name: name('e'), type: 'direct' }],
    queues: [ordinary(name('q'))],
    bindings: [{ exchange: name('e'), routingKey: 'k', queue: name('q') }],
  });
  await queues(name('empty'));
  const body = Buffer.from([0, 1, 2, 0xff, 0x5c, 0x27, 0]);
  const headers = { 'x-retry-count': 2, reason: 'täglich "x" \\ \n', flag: true, nested: { list: [1, 'a'] } };
  const begun = Date.now();
  await using publisher = await broker.publisher(patient);

  await publisher.publish({ exchange: name('e'), routingKey: 'k', body, messageId: 'm', headers, contentType: 'application/json' });
  await publisher.publish(toQueue(name('q'), ''));

  await using all = await consumed(broker, name('q'));
  const [first, second] = await all.have(2);
  assert.ok(first && second);
  assert.deepEqual(first.body, body);
  assert.deepEqual({ ...first.headers }, headers);
  const { exchange, routingKey, messageId, contentType, contentEncoding, redelivered, deliveryCount } = first;
  assert.deepEqual(
    { exchange, routingKey, messageId, contentType, contentEncoding, redelivered, deliveryCount },
    {
      exchange: name('e'),
      routingKey: 'k',
      messageId: 'm',
      contentType: 'application/json',
      contentEncoding: null,
      redelivered: false,
      deliveryCount: 0,
    },
  );
  assert.ok(Math.abs((first.publishedAt?.getTime() ?? 0) - begun) < 5_000);
  assert.equal((first.publishedAt?.getTime() ?? 1) % 1000, 0);
  assert.notEqual(first.key, second.key);
  assert.deepEqual([second.body.length, second.exchange, second.routingKey, { ...second.headers }], [0, '', name('q'), {}]);
});

contract('a message that repeats an older one keeps its time and encoding, after a delay too', async ({ broker, name }) => {
  const publishedAt = new Date('2021-03-04T05:06:07Z');
  await broker.declare({
    exchanges: [],
    queues: [ordinary(name('q')), { name: name('later'), type: 'quorum', delay: { ms: 50, queue: name('q') } }],
    bindings: [],
  });
  await using publisher = await broker.publisher(patient);
  await publisher.publish({ ...toQueue(name('q'), 'at once'), publishedAt, contentEncoding: 'gzip' });
  await publisher.publish({ ...toQueue(name('later'), 'later'), publishedAt, contentEncoding: 'gzip' });
  await untilReady(broker, name('q'), 2);

  await using browser = await broker.browse(name('q'));
  const both = [await browser.next(), await browser.next()];

  assert.deepEqual(
    both.map((delivery) => [delivery?.publishedAt, delivery?.contentEncoding]),
    [
      [publishedAt, 'gzip'],
      [publishedAt, 'gzip'],
    ],
  );
});

contract('a message that no queue wants is refused, and its neighbours are confirmed', async ({ broker, name, queues }) => {
  await queues(name('q'));
  await using publisher = await broker.publisher(patient);

  const outcomes = await Promise.allSettled(
    ['1', 'lost', '2'].map((body) => publisher.publish(toQueue(body === 'lost' ? name('nobody') : name('q'), body))),
  );

  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'stored')),
    ['stored', 'MESSAGE_UNROUTABLE', 'stored'],
  );
  assert.equal(publisher.inFlight, 0);
  assert.deepEqual(await takeAll(broker, name('q')), ['1', '2']);
});

contract('what cannot be a routing key is refused alone', async ({ broker, name, queues }) => {
  await queues(name('q'));
  await using publisher = await broker.publisher(patient);

  const outcomes = await Promise.allSettled([
    publisher.publish(toQueue(name('q'), '1')),
    publisher.publish({ ...toQueue(name('q'), 'long'), messageId: 'é'.repeat(200) }),
    publisher.publish(toQueue(name('q'), '2')),
  ]);

  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'stored')),
    ['stored', 'MESSAGE_REFUSED', 'stored'],
  );
});

contract('a queue is consumed in its order', async ({ broker, name, queues, fill }) => {
  await queues(name('q'));
  await fill(name('q'), numbered(3_000));

  await using all = await consumed(broker, name('q'), { prefetch: 5_000 });
  await all.have(3_000);

  assert.deepEqual(all.bodies(), numbered(3_000));
});

contract('a message that is published later comes to a consumer that waits', async ({ broker, name, queues, fill }) => {
  await queues(name('q'));
  await using all = await consumed(broker, name('q'));

  const begun = performance.now();
  for (const body of numbered(5)) {
    await fill(name('q'), [body]);
    await all.have(Number(body) + 1);
  }

  assert.deepEqual(all.bodies(), numbered(5));
  assert.ok(performance.now() - begun < 1_900, 'consumers are woken, and do not only look from time to time');
});

contract('no more than the prefetch is held, and what is acked makes room', async ({ broker, name, queues, fill }) => {
  await queues(name('q'));
  await fill(name('q'), numbered(50));
  await using all = await consumed(broker, name('q'), { prefetch: 10 });

  await all.have(10);
  await untilReady(broker, name('q'), 40);
  assert.equal(all.deliveries.length, 10);
  assert.equal(all.consumer.ack(all.deliveries.slice(2, 6)), true);
  await all.have(14);
  await untilReady(broker, name('q'), 36);

  assert.deepEqual(all.bodies(), numbered(14));
});

contract(
  'what a consumer leaves unsettled goes back in its order and is marked, what it acked does not',
  async ({ broker, name, queues, fill }) => {
    await queues(name('q'));
    await fill(name('q'), numbered(20));
    {
      await using all = await consumed(broker, name('q'));
      await all.have(20);
      assert.equal(all.consumer.ack(all.deliveries.slice(0, 15)), true);
    }

    await using again = await consumed(broker, name('q'));
    const came = await again.have(5);
    await fill(name('q'), ['fresh']);
    await again.have(6);

    assert.deepEqual([...again.bodies()].sort(), ['15', '16', '17', '18', '19', 'fresh']);
    assert.deepEqual(
      came.slice(0, 5).map(({ redelivered }) => redelivered),
      [true, true, true, true, true],
    );
    assert.equal(again.deliveries[5]?.redelivered, false);
  },
);

contract('a delivery that is put back comes again as another one', async ({ broker, name, queues, fill }) => {
  await queues(name('q'));
  await fill(name('q'), ['a']);
  await using all = await consumed(broker, name('q'));

  const [first] = await all.have(1);
  assert.ok(first);
  all.consumer.requeue([first]);
  const [, second] = await all.have(2);

  assert.equal(second?.body.toString(), 'a');
  assert.equal(second.redelivered, true);
  assert.equal(second.deliveryCount, 1);
  assert.notEqual(second.key, first.key);
  assert.equal(all.consumer.ack([second]), true);
});

contract('consumers that share a queue share its messages, each delivered once', async ({ place, broker, name, queues, fill }) => {
  await queues(name('q'));
  await using other = await openAt(place.address);
  await using one = await consumed(broker, name('q'), { prefetch: 50 });
  await using two = await consumed(other, name('q'), { prefetch: 50 });
  const total = (): number => one.deliveries.length + two.deliveries.length;

  await fill(name('q'), numbered(1_000));
  const acked = { one: 0, two: 0 };
  await until(
    () => {
      // Acks stay behind, so that both hold something all the time.
      one.consumer.ack(one.deliveries.slice(acked.one, Math.max(acked.one, one.deliveries.length - 5)));
      two.consumer.ack(two.deliveries.slice(acked.two, Math.max(acked.two, two.deliveries.length - 5)));
      acked.one = Math.max(acked.one, one.deliveries.length - 5);
      acked.two = Math.max(acked.two, two.deliveries.length - 5);
      return total() >= 1_000;
    },
    () => `${total()} came`,
  );

  assert.deepEqual(
    [...one.bodies(), ...two.bodies()].sort((a, b) => Number(a) - Number(b)),
    numbered(1_000),
  );
  assert.ok(one.deliveries.length > 0 && two.deliveries.length > 0);
});

contract('what a killed process held comes to another, and only then', async ({ place, broker, name, queues, fill }) => {
  await queues(name('q'));
  await fill(name('q'), numbered(100));
  await using all = await consumed(broker, name('q'), { prefetch: 40 });
  await all.have(40);
  const holder = spawnSupport('hold-deliveries.ts', [JSON.stringify(place.address), name('q'), '60']);
  const [said] = await once(holder.stdout, 'data');
  assert.equal(String(said), 'held\n');

  all.consumer.ack(all.deliveries.slice(0, 40));
  await fill(name('q'), ['fresh']);
  await all.have(41);
  const whileAlive = all.bodies().length;
  holder.kill('SIGKILL');
  for (let seen = 41; seen < 101; seen = all.deliveries.length) {
    all.consumer.ack(all.deliveries.slice(40, seen));
    await all.have(Math.min(101, seen + 1));
  }

  assert.equal(whileAlive, 41);
  assert.deepEqual([...all.bodies()].sort(), [...numbered(100), 'fresh'].sort());
  assert.equal(all.deliveries.filter(({ redelivered }) => redelivered).length, 60);
});

contract('consumers that are killed again and again lose nothing', async ({ place, broker, name, queues, fill }) => {
  await queues(name('q'));
  await fill(name('q'), numbered(2_000));
  const taken = new Set<string>();

  for (let kills = 0; kills < 4; kills++) {
    const taker = spawnSupport('take-deliveries.ts', [JSON.stringify(place.address), name('q')]);
    const before = taken.size;
    const lines = createInterface({ input: taker.stdout });
    lines.on('line', (body) => {
      taken.add(body);
      if (taken.size > before + 100 + Math.random() * 300) taker.kill('SIGKILL');
    });
    await once(lines, 'close');
  }
  await using all = await consumed(broker, name('q'), { prefetch: 2_000 });
  await until(
    () => all.bodies().every((body) => taken.add(body)) && taken.size === 2_000,
    () => `${taken.size} of 2000 came`,
  );
});

contract('what a killed publisher saw confirmed is in the queue', async ({ place, broker, name, queues }) => {
  await queues(name('q'));
  const publishing = spawnSupport('publish-until-killed.ts', [JSON.stringify(place.address), name('q')]);
  const confirmed: string[] = [];
  const lines = createInterface({ input: publishing.stdout });
  lines.on('line', (line) => {
    confirmed.push(line);
    if (confirmed.length === 500) publishing.kill('SIGKILL');
  });
  await once(lines, 'close');

  await using all = await consumed(broker, name('q'), { prefetch: 10_000 });
  await until(
    () => new Set(all.bodies()).isSupersetOf(new Set(confirmed)),
    () => `${all.bodies().length} of ${confirmed.length} are there`,
  );
});

contract('a lost connection gives deliveries back and tells, and consuming goes on', async ({ place, broker, name, queues, fill }) => {
  await queues(name('q'));
  await fill(name('q'), numbered(10));
  await using all = await consumed(broker, name('q'));
  const held = [...(await all.have(10))];

  await place.cut();
  await until(() => all.losses.length === 1, 'nobody told of the loss');
  const ackedLate = all.consumer.ack(held);
  await all.have(20);

  assert.equal(ackedLate, false);
  assert.deepEqual(all.bodies().slice(10), numbered(10));
  assert.equal(all.deliveries[10]?.redelivered, true);
  assert.equal(all.consumer.ack(all.deliveries.slice(10)), true);
  await fill(name('q'), ['fresh']);
  await all.have(21);
  assert.equal(all.losses.length, 1);
});

contract('what is published while the connection is lost is confirmed when it is back', async ({ place, broker, name, queues }) => {
  await queues(name('q'));
  await using publisher = await broker.publisher(patient);
  await publisher.publish(toQueue(name('q'), 'before'));

  const cutting = place.cut();
  await untilAtOnce(() => publisher.obstacle !== null, 'no obstacle was seen');
  await publisher.publish(toQueue(name('q'), 'during'));
  await cutting;

  assert.equal(publisher.obstacle, null);
  assert.deepEqual(await takeAll(broker, name('q')), ['before', 'during']);
});

contract('a message in a delay queue goes on when its delay is over, and not before', async ({ broker, name, queues }) => {
  const ms = 400;
  await queues(name('q'));
  await broker.declare({ exchanges: [], queues: [{ name: name('later'), type: 'quorum', delay: { ms, queue: name('q') } }], bindings: [] });
  await using all = await consumed(broker, name('q'));
  await using publisher = await broker.publisher(patient);

  const begun = performance.now();
  await publisher.publish({ ...toQueue(name('later'), 'a'), headers: { 'x-retry-count': 1 } });
  const [delivery] = await all.have(1);
  const waited = performance.now() - begun;

  assert.ok(waited >= ms - 20, `it came after ${waited} ms`);
  assert.ok(waited < ms + 1_500, `it came after ${waited} ms`);
  assert.equal(delivery?.headers['x-retry-count'], 1);
  assert.deepEqual(
    [delivery?.messageId, delivery?.exchange, delivery?.routingKey, delivery?.redelivered],
    ['id of a', '', name('q'), false],
  );
  await untilReady(broker, name('later'), 0);
});

contract('messages outlive the process that published them', async ({ place, broker, name }) => {
  {
    await using first = await openAt(place.address);
    await first.declare({ exchanges: [], queues: [ordinary(name('q'))], bindings: [] });
    await using publisher = await first.publisher(patient);
    for (const body of numbered(100)) void publisher.publish(toQueue(name('q'), body)).catch(assert.fail);
  }

  assert.deepEqual(await takeAll(broker, name('q')), numbered(100));
});

contract('disposing stores the acks that were just given', async ({ place, broker, name, queues, fill }) => {
  await queues(name('q'));
  await fill(name('q'), numbered(500));
  {
    await using other = await openAt(place.address);
    await using all = await consumed(other, name('q'), { prefetch: 500 });
    await all.have(500);
    for (const delivery of all.deliveries) assert.equal(all.consumer.ack([delivery]), true);
  }

  assert.deepEqual(await takeAll(broker, name('q')), []);
});

contract('a stopped consumer gets nothing more and still settles what it holds', async ({ broker, name, queues, fill }) => {
  await queues(name('q'));
  await fill(name('q'), numbered(5));
  await using all = await consumed(broker, name('q'));
  await all.have(5);

  await all.consumer.stop();
  await fill(name('q'), ['later']);
  await untilReady(broker, name('q'), 1);
  assert.equal(all.consumer.ack(all.deliveries), true);
  await all.consumer[Symbol.asyncDispose]();

  assert.equal(all.deliveries.length, 5);
  assert.deepEqual(await takeAll(broker, name('q')), ['later']);
});

contract('a queue tells how full it is, shows its messages and is emptied', async ({ broker, name, queues, fill }) => {
  await queues(name('q'));
  const empty = await broker.inspect(name('q'));
  assert.deepEqual({ ...empty, unacked: empty?.unacked ?? 0 }, { name: name('q'), ready: 0, unacked: 0, consumers: 0, oldest: null });
  await fill(name('q'), numbered(5));
  await untilReady(broker, name('q'), 5);

  const seen: Delivery[] = [];
  {
    await using browser = await broker.browse(name('q'));
    for (let delivery = await browser.next(); delivery !== null; delivery = await browser.next()) seen.push(delivery);
    const [first] = seen;
    assert.ok(first);
    browser.ack(first);
  }
  await untilReady(broker, name('q'), 4);
  let kept = '';
  {
    await using all = await consumed(broker, name('q'), { prefetch: 1 });
    await all.have(1);
    kept = all.bodies()[0] ?? '';
    await untilReady(broker, name('q'), 3);
    assert.equal((await broker.inspect(name('q')))?.consumers, 1);
    assert.equal(await broker.purge(name('q')), 3);
  }

  // In RabbitMQ a look at the head puts it at the end.
  assert.deepEqual(seen.map(({ body }) => body.toString()).sort(), numbered(5));
  assert.deepEqual(await takeAll(broker, name('q')), [kept]);
  assert.notEqual(kept, seen[0]?.body.toString());
});

contract('the oldest message tells when it was published', async ({ broker, name, queues, fill }) => {
  await queues(name('q'));
  const begun = Date.now();
  await fill(name('q'), ['a']);
  await untilReady(broker, name('q'), 1);

  const { oldest } = (await broker.inspect(name('q'))) ?? {};

  assert.ok(oldest && Math.abs(oldest.getTime() - begun) < 5_000, String(oldest));
});

contract('a browser whose connection was lost says that its ack came too late', async ({ place, broker, name, queues, fill }) => {
  await queues(name('q'), name('other'));
  await fill(name('q'), ['a']);
  await using watcher = await consumed(broker, name('other'));
  {
    await using browser = await broker.browse(name('q'));
    const delivery = await browser.next();
    assert.ok(delivery);

    await place.cut();
    await until(() => watcher.losses.length === 1, 'nobody told of the loss');

    assert.throws(() => browser.ack(delivery), { code: 'BROKER_UNREACHABLE' });
  }
  assert.deepEqual(await takeAll(broker, name('q')), ['a']);
});

contract('a queue that is not there is said to be so', async ({ broker, name }) => {
  const missing = { code: 'QUEUE_NOT_FOUND', message: new RegExp(name('none')) };

  assert.equal(await broker.inspect(name('none')), null);
  await assert.rejects(broker.consume(name('none'), { prefetch: 1, onDelivery: () => {}, onLost: () => {} }), missing);
  await assert.rejects(broker.browse(name('none')), missing);
  await assert.rejects(broker.purge(name('none')), missing);
});

contract('more than the window may be published at once, and disposing waits for all confirms', async ({ broker, name, queues }) => {
  await queues(name('q'));
  let confirmed = 0;
  let inFlight: number | undefined;
  {
    await using publisher = await broker.publisher({ window: 10, confirmMs: 20_000 });
    for (const body of numbered(200)) void publisher.publish(toQueue(name('q'), body)).then(() => confirmed++);
    inFlight = publisher.inFlight;
  }

  assert.equal(inFlight, 200);
  assert.equal(confirmed, 200);
  assert.deepEqual(await takeAll(broker, name('q')), numbered(200));
});

contract('what is asked of a closed broker is refused', async ({ place, name }) => {
  const closed = await openAt(place.address);
  await closed.declare({ exchanges: [], queues: [ordinary(name('q'))], bindings: [] });
  const publisher = await closed.publisher(patient);
  await closed[Symbol.asyncDispose]();

  await assert.rejects(publisher.publish(toQueue(name('q'), 'a')), { code: 'BROKER_UNREACHABLE' });
  await assert.rejects(closed.inspect(name('q')), { code: 'BROKER_UNREACHABLE' });
});
