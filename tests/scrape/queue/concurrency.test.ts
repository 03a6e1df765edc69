import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndedTask } from '../../../framework/scrape/queue/task-queue.ts';
import { end, lease, newTask, queueServers, readTask, scratchQueue } from '../../support/task-queue.ts';

for (const [name, server] of Object.entries(queueServers)) {
  test(`many that lease and end tasks at once never share one, and leave none (${name})`, async (context) => {
    await using scratch = await scratchQueue(context, server);
    if (scratch === null) return;
    const { queue, postgres } = scratch;
    const count = 2_000;
    await queue.enqueue(Array.from({ length: count }, () => newTask()));
    const leased: string[] = [];
    const lost: string[] = [];

    const work = async (worker: string): Promise<void> => {
      let ended: EndedTask[] = [];
      do {
        const answer = await queue.exchange(ended, [{ flow: 'f', limit: 7, leaseMs: 60_000 }], worker);
        lost.push(...answer.lost);
        leased.push(...answer.leased.map(({ id }) => id));
        ended = answer.leased.map(({ id, attempt }) => ({ id, attempt, settlement: { kind: 'complete' } }));
      } while (ended.length > 0);
    };
    await Promise.all(Array.from({ length: 8 }, (_, n) => work(`w${n}`)));

    assert.equal(new Set(leased).size, count);
    assert.equal(leased.length, count);
    assert.deepEqual(lost, []);
    const [left] = await postgres.query<{ hot: number; done: number }>(
      `select (select count(*)::int from gccflow.scrape_request_log) as hot,
        (select count(*)::int from gccflow.scrape_request_history where status = 'COMPLETE') as done`,
    );
    assert.deepEqual(left, { hot: 0, done: count });
  });
}

test('a task that ends in a transaction that is rolled back is still leased, and one that ended is not ended again', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue([newTask()]);
  const [task] = await lease(queue, 1);
  assert.ok(task);

  const failing = postgres.transaction(async (session) => {
    assert.equal(await queue.completeWithin(session, task), true);
    throw new Error('the upsert failed');
  });
  await assert.rejects(failing, /the upsert failed/);
  const afterRollback = await readTask(postgres, task.id);
  const ended = await postgres.transaction((session) => queue.completeWithin(session, task));
  const again = await postgres.transaction((session) => queue.completeWithin(session, task));

  assert.equal(afterRollback?.status, 'PROCESSING');
  assert.deepEqual([ended, again], [true, false]);
  assert.deepEqual(await end(queue, [task]), [task.id]);
});

test('a lease that is lengthened while its task ends neither revives nor loses it', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue(Array.from({ length: 100 }, () => newTask()));
  const tasks = await lease(queue, 100);

  const results = await Promise.all(
    Array.from({ length: 10 }, async (_, part) => {
      const own = tasks.slice(part * 10, part * 10 + 10);
      const [, lost] = await Promise.all([queue.extend(own, 60_000), end(queue, own), queue.extend(own, 60_000)]);
      return lost;
    }),
  );

  assert.deepEqual(results.flat(), []);
  const [left] = await postgres.query<{ count: number }>('select count(*)::int as count from gccflow.scrape_request_log');
  assert.equal(left?.count, 0);
});

test('a paused flow gets no tasks, and others do', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue([newTask(), newTask({ flow: 'g' })]);
  await postgres.query(`insert into gccflow.scrape_flow values ('f', now())`);

  const paused = await queue.exchange(
    [],
    [
      { flow: 'f', limit: 5, leaseMs: 1_000 },
      { flow: 'g', limit: 5, leaseMs: 1_000 },
    ],
    'w',
  );
  await postgres.query(`update gccflow.scrape_flow set paused_at = null`);
  const resumed = await lease(queue, 5);

  assert.deepEqual(
    paused.leased.map(({ flow }) => flow),
    ['g'],
  );
  assert.equal(resumed.length, 1);
});

test('what a process did in a transaction that it did not live to commit has not happened', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue([newTask()]);
  const [task] = await lease(queue, 1);
  assert.ok(task);

  const dying = postgres.transaction(async (session) => {
    await queue.completeWithin(session, task);
    await queue.enqueueWithin(session, [newTask({ idempotencyKey: 'next' })]);
    const [row] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
    await postgres.query('select pg_terminate_backend($1, 20000)', [row?.pid]);
  });
  await assert.rejects(dying, { code: 'POSTGRES_UNREACHABLE' });

  assert.equal((await readTask(postgres, task.id))?.status, 'PROCESSING');
  assert.deepEqual(await lease(queue, 5), []);
  assert.equal((await queue.enqueue([newTask({ idempotencyKey: 'next' })])).queued, 1);
  assert.deepEqual(await end(queue, [task]), []);
});
