import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SinkFile } from '../../framework/project/sink-file.ts';
import { failedMessage, originalOf } from '../../framework/sink/failed-message.ts';
import { retryCount } from '../../framework/sink/retry-count.ts';
import { delivery } from '../support/fake-broker.ts';

const sink = SinkFile.parse({
  kind: 'sink',
  name: 'click',
  queue: { name: 'click_q' },
  to: { clickhouse: 'click' },
  columns: { id: 'String' },
  retry: { max: 2, delay: ['1s', '10s'] },
});
const refused = { code: 'TYPE_MISMATCH', message: 'It does not fit.', retry: true };
const at = { now: new Date('2026-03-01T04:00:00Z'), newId: () => 'made-up' };
const fromExchange = delivery({ exchange: 'event.dx', routingKey: 'click', messageId: 'm1', headers: { tenant: 7 } });

test('the number of tries is read from an integer of any width, and is 0 for anything else', () => {
  const read = (value: unknown): number => retryCount({ 'x-retry-count': value });

  assert.deepEqual([read(1), read(255), read(2 ** 40), read(3n)], [1, 255, 2 ** 40, 3]);
  assert.ok(read(2n ** 63n) > 1e18);
  assert.deepEqual(
    [undefined, null, '2', -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, -5n, {}, [1], true].map(read),
    Array.from({ length: 11 }, () => 0),
  );
});

test('a delivery is tried three times in all, and waits longer before each', () => {
  const first = failedMessage(sink, fromExchange, refused, at);
  const second = failedMessage(sink, delivery({ headers: first.headers ?? {} }), refused, at);
  const third = failedMessage(sink, delivery({ headers: second.headers ?? {} }), refused, at);

  assert.deepEqual(
    [first, second, third].map(({ kind, exchange, routingKey }) => [kind, exchange, routingKey]),
    [
      ['retry', '', 'click_q.retry.1000ms'],
      ['retry', '', 'click_q.retry.10000ms'],
      ['dead_letter', '', 'click_q.dead'],
    ],
  );
  assert.deepEqual([third.headers?.['x-retry-count'], third.headers?.['x-attempts']], [2, 3]);
});

test('headers that would leave no room for those of the failure are left out, the largest first', () => {
  const headers = { small: 'a', large: 'b'.repeat(15_000), larger: 'ü'.repeat(20_000), big: 2n ** 63n };

  const failed = failedMessage(sink, delivery({ headers }), refused, at);

  assert.deepEqual(
    Object.keys(failed.headers ?? {}).filter((name) => !name.startsWith('x-')),
    ['small', 'large', 'big'],
  );
});

test('a dead letter says why, when and where it failed, and keeps what it was', () => {
  const retried = failedMessage(sink, fromExchange, refused, at);
  const again = delivery({
    exchange: '',
    routingKey: 'click_q',
    messageId: 'm1',
    contentEncoding: 'gzip',
    headers: { ...retried.headers, 'x-retry-count': 9, 'x-death': [{ count: 1 }], 'x-first-death-queue': 'q', 'x-delivery-count': 4 },
  });

  const dead = failedMessage(sink, originalOf(again, 'click_q'), refused, { ...at, now: new Date('2026-03-01T05:00:00Z') });

  assert.equal(dead.messageId, 'm1');
  assert.equal(dead.contentEncoding, 'gzip');
  assert.deepEqual(dead.headers, {
    tenant: 7,
    'x-retry-count': 9,
    'x-error': 'It does not fit.',
    'x-error-code': 'TYPE_MISMATCH',
    'x-sink': 'click',
    'x-original-queue': 'click_q',
    'x-original-exchange': 'event.dx',
    'x-original-routing-key': 'click',
    'x-first-failed-at': '2026-03-01T04:00:00.000Z',
    'x-last-failed-at': '2026-03-01T05:00:00.000Z',
    'x-attempts': 10,
  });
});

test('what cannot end otherwise is not tried again', () => {
  const dead = failedMessage(sink, fromExchange, { code: 'BODY_SYNTAX', message: 'The body is no JSON.', retry: false }, at);

  assert.equal(dead.kind, 'dead_letter');
  assert.equal(dead.headers?.['x-attempts'], 1);
});

test('a count that is beyond every limit is a dead letter, not an endless retry', () => {
  const dead = failedMessage(sink, delivery({ headers: { 'x-retry-count': 2n ** 63n } }), refused, at);

  assert.equal(dead.kind, 'dead_letter');
  assert.ok(Number.isSafeInteger(dead.headers?.['x-attempts']));
});

test('a delivery without an id gets one', () => {
  assert.equal(failedMessage(sink, delivery(), refused, at).messageId, 'made-up');
});
