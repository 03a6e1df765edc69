import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newTask } from '../../../framework/scrape/flow/new-task.ts';
import { flowFile } from '../../support/flow-node.ts';

test('a task has what its flow says', () => {
  const flow = flowFile({
    params: { handle: 'string', owner: 'integer?' },
    priority: 3,
    retry: { attempts: 7 },
    expires_in: '1h',
    account: 'a{owner}',
    unique: 'handle',
  });

  assert.deepEqual(newTask(flow, { handle: 'nasa', owner: 5 }), {
    flow: 'refresh',
    params: { handle: 'nasa', owner: 5 },
    priority: 3,
    maxAttempts: 7,
    runAt: null,
    expiresAt: { inMs: 3_600_000 },
    accountId: 'a5',
    idempotencyKey: null,
    uniqueKey: '["nasa"]',
  });
  assert.equal(newTask(flow, { handle: 'nasa' }).accountId, null);
});

test('a task that is to wait expires that much later', () => {
  const flow = flowFile({ expires_in: '1h' });

  assert.deepEqual(newTask(flow, {}, { runAt: { inMs: 5000 } }).expiresAt, { inMs: 3_605_000 });
  assert.deepEqual(newTask(flow, {}, { runAt: { at: new Date(0) } }).expiresAt, { at: new Date(3_600_000) });
  assert.deepEqual(newTask(flow, {}, { expiresAt: { inMs: 1 }, runAt: { inMs: 5000 } }).expiresAt, { inMs: 1 });
});

test('a long unique key is kept as its hash', () => {
  const flow = flowFile({ params: { url: 'string' }, unique: 'url' });

  const keys = [newTask(flow, { url: 'x'.repeat(5000) }), newTask(flow, { url: 'y'.repeat(5000) })].map(({ uniqueKey }) => uniqueKey);

  assert.deepEqual(
    keys.map((key) => key?.length),
    [64, 64],
  );
  assert.notEqual(keys[0], keys[1]);
});
