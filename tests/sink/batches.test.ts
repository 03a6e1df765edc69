import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Batches } from '../../framework/sink/batches.ts';
import type { Held, Hold } from '../../framework/sink/held.ts';
import { delivery } from '../support/fake-broker.ts';

const limits = { maxRows: 10, mostRows: 20, maxBytes: 1000, maxWaitMs: 500 };
const aHold = (): Hold => ({ consumer: { ack: () => true }, lost: false });

function held(rows: number, bytes: number, sinceMs: number, hold = aHold()): Held {
  const one = delivery();
  return { delivery: one, hold, sinceMs, entry: { delivery: one, rows: Array.from({ length: rows }, () => ({})), ids: [], bytes } };
}

test('a batch is due at its rows, its bytes, or the wait of its oldest, whichever comes first', () => {
  const waiting = new Batches(limits);
  const nothing = waiting.dueInMs(0);
  waiting.add(held(1, 10, 100));
  const young = waiting.dueInMs(150);
  const old = waiting.dueInMs(600);
  for (let row = 0; row < 9; row++) waiting.add(held(1, 10, 150));
  const full = waiting.dueInMs(150);
  const large = new Batches(limits);
  large.add(held(1, 1000, 0));

  assert.deepEqual([nothing, young, old, full, large.dueInMs(0)], [null, 450, 0, 0, 0]);
});

test('whatever comes, batches keep the order, lose nothing, and keep within their limits unless one delivery alone does not', () => {
  const sizes = fc.record({ rows: fc.integer({ min: 0, max: 15 }), bytes: fc.integer({ min: 0, max: 1500 }) });
  fc.assert(
    fc.property(fc.array(sizes), (all) => {
      const batches = new Batches(limits);
      const put = all.map(({ rows, bytes }) => held(rows, bytes, 0));
      for (const one of put) batches.add(one);

      const taken: Held[][] = [];
      while (batches.size > 0) taken.push(batches.take());

      assert.deepEqual(taken.flat(), put);
      for (const batch of taken) {
        const rows = batch.reduce((sum, { entry }) => sum + entry.rows.length, 0);
        const bytes = batch.reduce((sum, { entry }) => sum + entry.bytes, 0);
        assert.ok(batch.length === 1 || (rows <= limits.mostRows && bytes <= limits.maxBytes));
      }
      assert.equal(batches.dueInMs(0), null);
    }),
  );
});

test('what a consumer lost is in no batch, and counts for none', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 30 }), (ofFirst) => {
      const [first, second] = [aHold(), aHold()];
      const batches = new Batches(limits);
      for (const isFirst of ofFirst) batches.add(held(1, 1, 0, isFirst ? first : second));

      batches.drop(first);

      const left = ofFirst.filter((isFirst) => !isFirst).length;
      assert.equal(batches.size, left);
      assert.equal(batches.dueInMs(0), left === 0 ? null : left >= limits.maxRows ? 0 : 500);
      while (batches.size > 0) assert.ok(batches.take().every(({ hold }) => hold === second));
    }),
  );
});

test('a batch of another size is cut where one is asked for', () => {
  const batches = new Batches(limits);
  for (let row = 0; row < 30; row++) batches.add(held(1, 1, 0));

  batches.resize(3);
  const small = batches.take().length;
  batches.resize(15);
  const large = batches.take().length;
  batches.resize(0);

  const smallest = batches.take().length;

  assert.deepEqual([small, large, smallest], [3, 20, 1]);
});
