import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutgoingMessage } from '../../framework/connections/broker.ts';
import { replayedAtHeader } from '../../framework/sink/replayed-at.ts';
import { retryCountHeader } from '../../framework/sink/retry-count.ts';
import { WriteFault } from '../../framework/sink/writer.ts';
import { FakeQueue } from '../support/fake-broker.ts';
import { badRow, FakeWriter, fakeSink, outage } from '../support/fake-sink.ts';
import { until } from '../support/until.ts';

const lacksMemory = (): WriteFault => new WriteFault('load', 'MEMORY_LIMIT_EXCEEDED', 'No memory.', { resize: 'shrink' });

test('a retry is looked up, as its original may have been stored after the retry was published', async () => {
  const writer = new FakeWriter();
  writer.stored.push('a');
  const queue = new FakeQueue();
  queue.put('a', { id: 'a' }, { [retryCountHeader]: 1 });

  const sink = fakeSink({ queue, writer });
  await sink.ended;

  assert.deepEqual(writer.stored, ['a']);
  assert.deepEqual(queue.in('acked'), ['a']);
  assert.equal(sink.counts.repeats, 1);
});

test('a dead letter that was replayed twice is stored once, both copies in one batch', async () => {
  const queue = new FakeQueue();
  for (const at of ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:09.000Z']) queue.put('a', { id: 'a' }, { [replayedAtHeader]: at });
  queue.put('b');

  const sink = fakeSink({ queue });
  await sink.ended;

  assert.deepEqual(sink.writer.stored, ['a', 'b']);
  assert.deepEqual(queue.in('acked'), ['a', 'a', 'b']);
});

test('a dead letter whose connection was lost before its ack is published once', async () => {
  const queue = new FakeQueue();
  queue.put('a', { mistake: 'BODY_SYNTAX' });
  const publish = async (message: OutgoingMessage): Promise<void> => {
    queue.published.push(message);
    if (queue.published.length > 1) return;
    queue.lose({ redelivers: false });
    setImmediate(() => queue.deliver());
  };
  Object.assign(queue.publisher, { publish });

  const sink = fakeSink({ queue });
  await sink.ended;

  assert.equal(queue.published.length, 1);
  assert.deepEqual(queue.in('acked'), ['a']);
  assert.deepEqual([sink.counts.deadLettered, sink.counts.repeats], [1, 1]);
});

test('the copy that is held back is tried where the first is refused', async () => {
  const queue = new FakeQueue();
  for (const at of ['1', '2']) queue.put('a', { id: 'a' }, { [replayedAtHeader]: at });
  const sink = fakeSink({ queue, sink: { retry: { max: 0 } } });
  sink.writer.fail = () => {
    throw badRow();
  };

  await sink.ended;

  assert.equal(queue.published.length, 2);
  assert.deepEqual(queue.in('acked'), ['a', 'a']);
});

test('what tells the end of a long outage is not stored twice', async () => {
  const queue = new FakeQueue();
  for (const id of ['a', 'b', 'c']) queue.put(id);
  const sink = fakeSink({ queue, giveBackMs: 50 });
  let away = true;
  const { writer } = sink;
  writer.fail = async (ids) => {
    if (!away) return;
    if (writer.stored.length === 0) writer.stored.push(...ids); // and nobody says so
    throw outage();
  };

  await until(() => sink.log.messages().includes('deliveries given back until the destination answers'));
  away = false;
  await sink.ended;

  assert.deepEqual(writer.stored, ['a', 'b', 'c']);
  assert.deepEqual(queue.in('acked'), ['a', 'b', 'c']);
});

test('a batch that lacks memory after an unknown end is not stored in parts beside its whole', async () => {
  const queue = new FakeQueue();
  for (let index = 0; index < 10; index++) queue.put(`m${index}`);
  const sink = fakeSink({ queue });
  const { writer } = sink;
  writer.fail = (ids) => {
    if (writer.writes.length > 2) return;
    if (writer.writes.length === 2) throw lacksMemory();
    writer.stored.push(...ids);
    throw outage();
  };

  await sink.ended;

  assert.equal(writer.stored.length, 10);
  assert.equal(queue.in('acked').length, 10);
});

test('what comes while a table refuses everything is looked up too', async () => {
  const queue = new FakeQueue();
  const writer = new FakeWriter();
  for (let index = 0; index < 20; index++) queue.put(`m${index}`);
  for (const id of ['x', 'y']) {
    queue.put(id);
    Object.assign(queue.messages.at(-1) ?? {}, { count: 1 });
    writer.stored.push(id);
  }
  let bad = true;
  writer.fail = () => {
    if (bad) throw badRow();
  };
  const sink = fakeSink({ queue, writer, sink: { buffer: { capacity: 40, max_rows: 20, max_wait: '1s' } } });

  await until(() => sink.log.messages().includes('destination refused everything'));
  await until(() => queue.in('acked').length === 2);
  bad = false;
  await sink.ended;

  assert.equal(writer.stored.length, 22);
  assert.equal(new Set(writer.stored).size, 22);
  assert.equal(queue.published.length, 0);
});
