import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { GccflowError } from '../../framework/foundation/error.ts';
import { WriteFault } from '../../framework/sink/writer.ts';
import { projectFolder } from '../support/cli.ts';
import { FakeQueue } from '../support/fake-broker.ts';
import { badRow, FakeWriter, fakeSink, outage } from '../support/fake-sink.ts';
import { until } from '../support/until.ts';

function filled(count: number, prefix = 'm'): FakeQueue {
  const queue = new FakeQueue();
  for (let index = 0; index < count; index++) queue.put(`${prefix}${index}`);
  return queue;
}

const names = (count: number, prefix = 'm'): string[] => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

test('what waits is stored in full batches, half the capacity at most, in order, and acked', async () => {
  const sink = fakeSink({ queue: filled(95) });

  await sink.ended;

  assert.deepEqual(sink.writer.stored, names(95));
  assert.deepEqual(sink.queue.in('acked'), names(95));
  const sizes = sink.writer.writes.map(({ ids }) => ids.length);
  assert.ok(
    sizes.slice(0, -1).every((size) => size >= 10 && size <= 20),
    String(sizes),
  );
  assert.equal(sink.counts.stored, 95);
});

test('a batch that is not full is stored when its oldest delivery has waited long enough', async () => {
  const sink = fakeSink({ untilEmpty: false });
  sink.queue.put('a');

  await until(() => sink.queue.in('acked').length === 1);

  assert.deepEqual(sink.writer.stored, ['a']);
  await sink.stop();
});

test('a change of the clock neither holds a batch back nor hurries it', async (context) => {
  const sink = fakeSink({ untilEmpty: false });
  context.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2031, 0, 1) });
  sink.queue.put('a');
  await until(() => sink.writer.stored.length === 1);
  context.mock.timers.setTime(Date.UTC(1999, 0, 1));
  sink.queue.put('b');
  await until(() => sink.writer.stored.length === 2);

  await sink.stop();
});

test('nothing is acked before it is stored, and no more is taken than the capacity while the destination is away', async () => {
  const sink = fakeSink({ queue: filled(500), untilEmpty: true });
  let away = true;
  sink.writer.fail = () => {
    if (away) throw outage();
  };

  await until(() => sink.writer.writes.length >= 3);
  const [held, acked] = [sink.queue.in('held').length, sink.queue.in('acked').length];
  const tokens = new Set(sink.writer.writes.map(({ token }) => token));
  away = false;
  await sink.ended;

  assert.deepEqual([held, acked, tokens.size], [40, 0, 1]);
  assert.deepEqual(sink.writer.stored, names(500));
  assert.deepEqual(sink.log.messages(), ['destination away', 'destination answered again']);
  assert.equal(sink.queue.published.length, 0);
});

test('a queue that is too busy to count its messages is not taken for an empty one', async () => {
  const queue = new FakeQueue();
  queue.isBusy = true;
  const sink = fakeSink({ queue, untilEmpty: true });

  await until(() => queue.looks >= 6);
  for (const name of names(20)) queue.put(name);
  queue.isBusy = false;
  await sink.ended;

  assert.deepEqual(sink.writer.stored, names(20));
});

test('of large deliveries fewer are held, and all are stored', async () => {
  const queue = new FakeQueue();
  const pad = 'x'.repeat(50_000);
  const buffer = { capacity: 1000, max_rows: 100, max_bytes: '200KB', max_wait: '50ms' };
  const sink = fakeSink({ queue, untilEmpty: false, sink: { buffer } });
  let away = true;
  let most = 0;
  sink.writer.fail = () => {
    most = Math.max(most, queue.in('held').length);
    if (away) throw outage();
  };

  queue.put('m0');
  await until(() => sink.writer.writes.length === 1);
  for (let index = 1; index < 400; index++) queue.put(`m${index}`, { id: `m${index}`, pad });
  await until(() => sink.writer.writes.length === 3);
  away = false;
  await until(() => queue.in('acked').length === 400);
  await sink.stop();

  assert.ok(most <= 38, `${most} of 50 KB`); // one batch on its way, and eight that wait
  assert.deepEqual(queue.in('acked'), names(400));
  assert.equal(sink.counts.stored, 400);
  assert.ok(sink.log.messages().filter((message) => message.includes('fewer')).length <= 2, String(sink.log.messages()));
});

test('as many deliveries are held again as before once they are small, and none comes twice for it', async () => {
  const queue = new FakeQueue();
  const pad = 'x'.repeat(50_000);
  const buffer = { capacity: 1000, max_rows: 100, max_bytes: '200KB', max_wait: '1h' };
  const sink = fakeSink({ queue, untilEmpty: false, sink: { buffer } });
  for (let index = 0; index < 100; index++) queue.put(`large${index}`, { id: `large${index}`, pad });
  await until(() => queue.in('acked').length > 96);
  const most = (): number => Math.max(...sink.writer.writes.map(({ ids }) => ids.length));
  const mostLarge = most();

  for (let index = 0; index < 3000; index++) queue.put(`small${index}`);
  await until(() => queue.in('acked').length > 3000);
  await sink.stop();

  assert.ok(mostLarge <= 4, String(mostLarge));
  assert.ok(most() >= 100, String(most()));
  assert.deepEqual(sink.writer.stored.length, 3100);
  assert.ok(queue.messages.slice(100).every(({ count }) => count === 0));
  assert.equal(sink.log.messages().filter((message) => message.includes('fewer')).length, 1);
});

test('large deliveries that fail are held in small numbers too, while the broker takes none of them', async () => {
  const queue = new FakeQueue();
  const buffer = { capacity: 1000, max_rows: 100, max_bytes: '200KB', max_wait: '50ms' };
  const sink = fakeSink({ queue, untilEmpty: false, sink: { buffer } });
  queue.refuse = () => new GccflowError('BROKER_UNREACHABLE', 'It is away.');
  queue.put('good');
  await until(() => queue.in('acked').length === 1);

  for (let index = 0; index < 100; index++) queue.put(`bad${index}`, { mistake: 'BODY_SYNTAX', pad: 'x'.repeat(50_000) });
  await until(() => sink.log.messages().some((message) => message.includes('fewer')));
  const held = queue.in('held').length;
  queue.refuse = null;
  await until(() => queue.in('acked').length === 101);
  await sink.stop();

  assert.ok(held <= 33, `${held} of 50 KB`);
  assert.equal(queue.published.length, 100);
});

test('one bad row of a batch is found by halving, the others are stored, and it waits for its next try', async () => {
  const sink = fakeSink({ queue: filled(10) });
  sink.writer.fail = (ids) => {
    if (ids.includes('m6')) throw badRow();
  };

  await sink.ended;

  assert.deepEqual(
    sink.writer.stored.toSorted(),
    names(10).filter((name) => name !== 'm6'),
  );
  assert.deepEqual(
    sink.queue.published.map(({ messageId, routingKey }) => [messageId, routingKey]),
    [['m6', 'q.retry.1000ms']],
  );
  assert.deepEqual(sink.queue.in('acked'), names(10));
  assert.deepEqual([sink.counts.stored, sink.counts.retried, sink.counts.deadLettered], [9, 1, 0]);
});

test('a bad row that the destination names is taken out at once', async () => {
  const sink = fakeSink({ queue: filled(10) });
  sink.writer.fail = (ids) => {
    if (ids.includes('m6')) throw badRow(ids.indexOf('m6'));
  };

  await sink.ended;

  assert.deepEqual(
    sink.writer.writes.map(({ ids }) => ids.length),
    [10, 1, 9],
  );
});

test('a table that refuses everything is waited for: nothing goes to the dead letters', async () => {
  const sink = fakeSink({ queue: filled(60), sink: { buffer: { capacity: 60, max_rows: 30, max_wait: '20ms' } } });
  let altered = true;
  sink.writer.fail = () => {
    if (altered) throw badRow();
  };

  await until(() => sink.log.messages().length > 0);
  const published = sink.queue.published.length;
  altered = false;
  await sink.ended;

  assert.equal(published, 0);
  assert.deepEqual(sink.writer.stored.toSorted(), names(60).toSorted());
  assert.deepEqual(sink.log.messages(), ['destination refused everything', 'destination answered again']);
});

test('many bad rows at the front of a batch do not pass for a bad table', async () => {
  const sink = fakeSink({ queue: filled(60), sink: { buffer: { capacity: 60, max_rows: 30, max_wait: '20ms' } } });
  const bad = new Set(names(25));
  sink.writer.fail = (ids) => {
    if (ids.some((id) => bad.has(id))) throw badRow();
  };

  await sink.ended;

  assert.deepEqual(sink.writer.stored.toSorted(), names(60).slice(25).toSorted());
  assert.deepEqual(sink.queue.published.map(({ messageId }) => messageId).toSorted(), [...bad].toSorted());
});

test('a body that is none goes to the dead letters at once, a field that is missing after its retries', async () => {
  const sink = fakeSink();
  sink.queue.put('no-json', { mistake: 'BODY_SYNTAX' });
  sink.queue.put('no-id', { mistake: 'FIELD_MISSING' });
  sink.queue.put('no-id-again', { mistake: 'FIELD_MISSING' }, { 'x-retry-count': 2 });
  sink.queue.put('good');

  await sink.ended;

  assert.deepEqual(
    sink.queue.published.map(({ messageId, routingKey, headers }) => [messageId, routingKey, headers?.['x-error-code']]),
    [
      ['no-json', 'q.dead', 'BODY_SYNTAX'],
      ['no-id', 'q.retry.1000ms', 'FIELD_MISSING'],
      ['no-id-again', 'q.dead', 'FIELD_MISSING'],
    ],
  );
  assert.deepEqual(sink.writer.stored, ['good']);
});

test('a dead letter that nobody takes stays in its queue, is said once, and goes when it can', async () => {
  const sink = fakeSink();
  sink.queue.refuse = () => new GccflowError('MESSAGE_UNROUTABLE', 'There is no exchange.');
  sink.queue.put('bad', { mistake: 'BODY_SYNTAX' });
  sink.queue.put('good');

  await until(() => sink.queue.in('acked').length === 1);
  const stuck = sink.queue.in('held');
  await until(() => sink.log.messages().includes('failed deliveries held'));
  sink.queue.refuse = null;
  await sink.ended;

  assert.deepEqual(stuck, ['bad']);
  assert.deepEqual(sink.queue.in('acked'), ['bad', 'good']);
  assert.deepEqual(sink.log.messages(), [
    'delivery put to the dead letters',
    'failed deliveries held',
    'failed deliveries published again',
  ]);
});

test('what was stored when its connection was lost is acked when it comes again, and not stored twice', async () => {
  const writer = new FakeWriter();
  const sink = fakeSink({ queue: filled(20), writer, sink: { deduplicate_by: null } });
  let cut = true;
  writer.fail = () => {
    if (cut) sink.queue.lose();
    cut = false;
  };

  await sink.ended;

  assert.deepEqual(writer.stored, names(20));
  assert.deepEqual(sink.queue.in('acked'), names(20));
  assert.equal(sink.counts.repeats, 20);
});

test('what another process may have stored is looked up before it is stored', async () => {
  const queue = filled(10);
  for (const message of queue.messages) message.count = 1;
  const writer = new FakeWriter();
  writer.stored.push(...names(4));

  const sink = fakeSink({ queue, writer });
  await sink.ended;

  assert.deepEqual(writer.stored, names(10));
  assert.deepEqual([sink.counts.repeats, sink.counts.stored], [4, 6]);
});

test('a delivery of many rows is stored whole, and one of none is acked', async () => {
  const sink = fakeSink();
  sink.queue.put('none', { id: 'none', rows: 0 });
  sink.queue.put('many', { id: 'many', rows: 25 });

  await sink.ended;

  assert.deepEqual(sink.queue.in('acked'), ['none', 'many']);
  assert.deepEqual(
    sink.writer.writes.map(({ ids }) => ids.length),
    [25],
  );
});

test('batches wait for more rows where the destination has too many parts, and come back to their size', async () => {
  const buffer = { capacity: 80, max_rows: 10, max_wait: '1h' };
  const sink = fakeSink({ queue: filled(10), untilEmpty: false, sink: { buffer } });
  let refusals = 2;
  sink.writer.fail = () => {
    if (refusals-- > 0) throw new WriteFault('load', 'TOO_MANY_PARTS', 'Too many parts.', { resize: 'grow' });
  };
  const put = async (prefix: string, count: number): Promise<void> => {
    for (let n = 0; n < count; n++) sink.queue.put(`${prefix}${n}`);
    for (let n = 0; n < 20; n++) await turn();
  };
  await until(() => sink.counts.stored === 10);

  await put('few', 30);
  const afterFew = sink.counts.stored;
  await put('more', 10);
  const afterMore = sink.counts.stored;
  for (let batch = 0; batch < 40; batch++) await put(`batch${batch}-`, 40);
  const before = sink.counts.stored;
  await put('ten', 10);
  const after = sink.counts.stored;
  await sink.stop();

  assert.deepEqual([afterFew, afterMore], [10, 50]);
  assert.equal(after - before, 10);
});

test('a batch that is too large for the memory of the destination is stored in parts', async () => {
  const sink = fakeSink({ queue: filled(40) });
  sink.writer.fail = (ids) => {
    if (ids.length > 5) throw new WriteFault('load', 'MEMORY_LIMIT_EXCEEDED', 'No memory.', { resize: 'shrink' });
  };

  await sink.ended;

  assert.deepEqual(sink.writer.stored, names(40));
  assert.deepEqual(sink.queue.in('acked'), names(40));
});

test('after a long outage everything goes back to the queue, and is taken again when the destination answers', async () => {
  const sink = fakeSink({ queue: filled(100), giveBackMs: 250 });
  let away = true;
  sink.writer.fail = () => {
    if (away) throw outage();
  };

  await until(() => sink.log.messages().length === 2);
  const ready = sink.queue.in('ready').length;
  const tried = sink.writer.writes.length;
  await until(() => sink.writer.writes.length > tried);
  const probe = sink.writer.writes.at(-1);
  away = false;
  await sink.ended;

  assert.deepEqual([ready, probe?.ids.length], [100, 1]);
  assert.deepEqual(sink.writer.stored, names(100));
  assert.deepEqual(sink.log.messages(), [
    'destination away',
    'deliveries given back until the destination answers',
    'destination answered again',
  ]);
});

test('nothing is held for as long as a destination asks to be left alone, and it is', async () => {
  const sink = fakeSink({ queue: filled(3), giveBackMs: 1000 });
  let refusals = 0;
  sink.writer.fail = () => {
    if (refusals++ < 2) throw new WriteFault('outage', 'HTTP 429', 'Later.', { retryAfterMs: 1100 });
  };
  const began = performance.now();

  await until(() => sink.queue.in('ready').length === 3);
  const givenBackMs = performance.now() - began;
  await sink.ended;

  assert.ok(givenBackMs < 900, String(givenBackMs));
  assert.ok(performance.now() - began > 2200);
  assert.deepEqual(sink.queue.in('acked'), names(3));
});

test('deliveries that were held in many crashes are stored alone at first, then by more and more', async () => {
  using folder = projectFolder();
  const queue = filled(30);
  for (const message of queue.messages) message.count = 5;

  const sink = fakeSink({ queue, stateDir: folder.dir });
  await sink.ended;

  assert.deepEqual(
    sink.writer.writes.map(({ ids }) => ids.length),
    [1, 2, 4, 8, 10, 5],
  );
  assert.deepEqual(queue.in('acked'), names(30));
});

test('suspects are handled where nothing can be noted of them', async () => {
  const queue = filled(30);
  for (const message of queue.messages) message.count = 5;

  const sink = fakeSink({ queue, stateDir: '/dev/null' });
  await sink.ended;

  assert.deepEqual(queue.in('acked'), names(30));
});

test('a delivery that ends every process that handles it is given up, and none of those beside it', async () => {
  using folder = projectFolder();
  const queue = filled(30);
  let lives = 0;
  for (let ended = false; !ended; lives++) {
    const sink = fakeSink({ queue, stateDir: folder.dir });
    const { promise: died, resolve: die } = Promise.withResolvers<'died'>();
    sink.writer.fail = (ids) => {
      if (!ids.includes('m20')) return;
      die('died');
      return new Promise(() => {}); // as far as anybody outside can tell
    };
    ended = (await Promise.race([sink.ended, died])) !== 'died';
    queue.die();
    await sink.kill();
  }

  assert.ok(lives > 8 && lives < 20, String(lives));
  assert.deepEqual(
    queue.published.map(({ messageId, routingKey, headers }) => [messageId, routingKey, headers?.['x-error-code']]),
    [['m20', 'q.dead', 'CRASHED']],
  );
  assert.deepEqual(queue.in('acked'), names(30));
});

test('lost connections do not make a healthy delivery suspicious', async () => {
  const sink = fakeSink({ queue: filled(10) });
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  sink.writer.fail = () => released;
  await until(() => sink.writer.writes.length === 1);
  for (let cut = 0; cut < 12; cut++) sink.queue.lose();
  release();

  await sink.ended;

  assert.equal(sink.queue.published.length, 0);
  assert.deepEqual(sink.queue.in('acked'), names(10));
});

test('a stop stores what is held and takes nothing more', async () => {
  const sink = fakeSink({ queue: filled(15), untilEmpty: false, sink: { buffer: { capacity: 30, max_rows: 15, max_wait: '1h' } } });
  await until(() => sink.queue.in('acked').length === 15);
  sink.queue.put('late');
  await until(() => sink.queue.in('held').length === 1);

  await sink.stop();
  sink.queue.put('too late');

  assert.deepEqual(sink.queue.in('acked'), [...names(15), 'late']);
  assert.deepEqual(sink.queue.in('ready'), ['too late']);
});

test('a stop does not wait for a broker that is away', async () => {
  const [counting, opening] = [new FakeQueue(), filled(1)];
  const never = (): Promise<never> => new Promise(() => {});
  counting.broker.inspect = never;
  const counted = fakeSink({ queue: counting });
  const reopened = fakeSink({ queue: opening, untilEmpty: false, giveBackMs: 20 });
  let away = true;
  reopened.writer.fail = () => {
    if (away) throw outage();
  };
  await until(() => reopened.log.messages().includes('deliveries given back until the destination answers'));
  opening.broker.consume = never;
  away = false;
  await until(() => reopened.log.messages().includes('destination answered again'));

  await Promise.all([counted.stop(), reopened.stop()]);
});

test('a stop while the destination is away gives everything back', async () => {
  const sink = fakeSink({ queue: filled(50), untilEmpty: false });
  sink.writer.fail = () => {
    throw outage();
  };
  await until(() => sink.writer.writes.length > 0);

  await sink.stop();

  assert.equal(sink.queue.in('ready').length, 50);
});

test('a kill gives back what a hanging destination has not answered', async () => {
  const sink = fakeSink({ queue: filled(50), untilEmpty: false });
  sink.writer.fail = () => new Promise(() => {});
  await until(() => sink.writer.writes.length > 0);

  await sink.kill();

  assert.equal(sink.queue.in('ready').length, 50);
});

test('a direct sink writes one delivery at a time, a few at once, and keeps the contract', async () => {
  let [writing, most] = [0, 0];
  const sink = fakeSink({ queue: filled(30), sink: { buffer: null, consumers: 3 } });
  sink.writer.fail = async (ids) => {
    most = Math.max(most, ++writing);
    await new Promise((resolve) => setImmediate(resolve));
    writing--;
    if (ids.includes('m7')) throw badRow();
  };

  await sink.ended;

  assert.equal(most, 3);
  assert.ok(sink.writer.writes.every(({ ids }) => ids.length === 1));
  assert.deepEqual(
    sink.writer.stored.toSorted(),
    names(30)
      .filter((name) => name !== 'm7')
      .toSorted(),
  );
  assert.deepEqual(sink.queue.in('acked'), names(30));
  assert.equal(sink.queue.published.length, 1);
});
