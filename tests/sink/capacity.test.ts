import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeQueue } from '../support/fake-broker.ts';
import { fakeSink } from '../support/fake-sink.ts';

const large = (id: string) => ({ id, note: 'x'.repeat(1_500_000) });

test('a direct sink holds fewer deliveries at once while they are large', async () => {
  const queue = new FakeQueue();
  for (let index = 0; index < 20; index++) queue.put(`m${index}`, large(`m${index}`));
  const held: number[] = [];
  const sink = fakeSink({ queue, sink: { buffer: null } });
  sink.writer.fail = () => void held.push(queue.in('held').length);

  await sink.ended;

  assert.equal(new Set(sink.writer.stored).size, 20);
  assert.equal(Math.max(...held.slice(0, 8)), 8);
  assert.equal(Math.max(...held.slice(8)), 2);
  assert.deepEqual(sink.log.messages('warn'), ['fewer deliveries held, as they are large']);
});

test('it holds as many as ever again once they are small', async () => {
  const queue = new FakeQueue();
  for (let index = 0; index < 10; index++) queue.put(`m${index}`, large(`m${index}`));
  for (let index = 10; index < 40; index++) queue.put(`m${index}`);
  const held: number[] = [];
  const sink = fakeSink({ queue, sink: { buffer: null } });
  sink.writer.fail = () => void held.push(queue.in('held').length);

  await sink.ended;

  assert.equal(new Set(sink.writer.stored).size, 40);
  assert.equal(Math.max(...held.slice(8, 10)), 2);
  assert.equal(Math.max(...held.slice(12)), 8);
});
