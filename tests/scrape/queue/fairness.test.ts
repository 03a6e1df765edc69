import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TaskQueue } from '../../../framework/scrape/queue/task-queue.ts';
import { comeDue, emptyQueue, end, lease, newTask, scratchQueue } from '../../support/task-queue.ts';

/** Who queues how many at once, and how many are leased before the next one comes. */
const arrivals = fc.array(fc.record({ account: fc.nat(3), count: fc.integer({ min: 1, max: 12 }), leasedFirst: fc.nat(8) }), {
  minLength: 1,
  maxLength: 10,
});

async function leaseAll(queue: TaskQueue): Promise<string[]> {
  const accounts: string[] = [];
  for (;;) {
    const leased = await lease(queue, 5);
    if (leased.length === 0) return accounts;
    for (const { accountId } of leased) accounts.push(accountId ?? '');
  }
}

test('before the first task of an account that comes late each other account gets two, and one more before each further one', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;

  await fc.assert(
    fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 6 }), async (before, count) => {
      await emptyQueue(postgres);
      for (const { account, count, leasedFirst } of before) {
        await lease(queue, leasedFirst);
        await queue.enqueue(Array.from({ length: count }, () => newTask({ accountId: `a${account}` })));
      }
      await queue.enqueue(Array.from({ length: count }, () => newTask({ accountId: 'late' })));

      const order = await leaseAll(queue);

      const seen = new Map<string, number>();
      for (const account of order) {
        seen.set(account, (seen.get(account) ?? 0) + 1);
        const late = seen.get('late') ?? 0;
        if (late === count) return;
        if (account !== 'late') assert.ok((seen.get(account) ?? 0) <= late + 2, `${account} is ahead in ${order.join()}`);
      }
    }),
    { numRuns: 25 },
  );
});

test('without accounts tasks are leased in the order of their age, however they are queued and leased', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  const steps = fc.array(fc.record({ queued: fc.nat(6), leased: fc.nat(6) }), { minLength: 1, maxLength: 12 });

  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      await emptyQueue(postgres);
      const order: bigint[] = [];
      for (const { queued, leased } of all) {
        await queue.enqueue(Array.from({ length: queued }, () => newTask()));
        for (const { id } of await lease(queue, leased)) order.push(BigInt(id));
      }
      for (const { id } of await lease(queue, 1_000)) order.push(BigInt(id));

      assert.deepEqual(
        order,
        order.toSorted((one, other) => (one < other ? -1 : 1)),
      );
      assert.equal(
        order.length,
        all.reduce((sum, { queued }) => sum + queued, 0),
      );
    }),
    { numRuns: 25 },
  );
});

test('an account with a long line does not wait for ever behind tasks that keep coming', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue } = scratch;
  await queue.enqueue(Array.from({ length: 20 }, () => newTask({ accountId: 'long' })));
  let ofLong = 0;

  for (let round = 0; round < 40; round++) {
    await queue.enqueue([newTask({ accountId: `new${round}` }), newTask()]);
    const leased = await lease(queue, 2);
    ofLong += leased.filter(({ accountId }) => accountId === 'long').length;
  }

  assert.ok(ofLong >= 10, `${ofLong} of 20 were leased`);
});

test('a task that comes back is leased before those that have waited less', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue([newTask({ accountId: 'a', params: { n: 1 } })]);
  const leased = await lease(queue, 1);
  await queue.enqueue([2, 3, 4].map((n) => newTask({ accountId: 'a', params: { n } })));
  await end(queue, leased, { kind: 'returned', reason: 'a limit', waitMs: 60_000 });

  await comeDue(postgres);
  await queue.keepHouse({ retainDays: 7 });

  const order = await lease(queue, 4);
  assert.deepEqual(
    order.map(({ params }) => params.n),
    [1, 2, 3, 4],
  );
});

test('accounts whose tasks fall due at one time take turns', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  const runAt = { inMs: 3_600_000 };
  await queue.enqueue(Array.from({ length: 50 }, () => newTask({ accountId: 'many', runAt })));
  await queue.enqueue(Array.from({ length: 3 }, () => newTask({ accountId: 'few', runAt })));

  await comeDue(postgres);
  await queue.keepHouse({ retainDays: 7 });

  const accounts = (await lease(queue, 8)).map(({ accountId }) => accountId);
  assert.equal(accounts.filter((account) => account === 'few').length, 3, accounts.join());
});
