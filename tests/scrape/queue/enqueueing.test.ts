import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NewTask } from '../../../framework/scrape/queue/task.ts';
import { comeDue, end, lease, newTask, queueServers, readTask, scratchQueue } from '../../support/task-queue.ts';
import { until } from '../../support/until.ts';

const policy = { retainDays: 7 };

async function* streamOf(tasks: readonly NewTask[]): AsyncGenerator<NewTask> {
  yield* tasks;
}

for (const [name, server] of Object.entries(queueServers)) {
  test(`a task with a known key is not queued, and the others of its call are (${name})`, async (context) => {
    await using scratch = await scratchQueue(context, server);
    if (scratch === null) return;
    const { queue } = scratch;

    const first = await queue.enqueue([newTask({ idempotencyKey: 'a' }), newTask({ uniqueKey: 'u' }), newTask({ idempotencyKey: 'a' })]);
    const second = await queue.enqueue([
      newTask({ idempotencyKey: 'a' }),
      newTask({ uniqueKey: 'u' }),
      newTask(),
      newTask({ flow: 'g', uniqueKey: 'u' }),
    ]);

    assert.deepEqual([first.queued, first.known, first.ids[2]], [2, 1, null]);
    assert.deepEqual(
      second.ids.map((id) => id === null),
      [true, true, false, false],
    );
  });

  test(`a stream of tasks is queued in its order, without those whose key is known (${name})`, async (context) => {
    await using scratch = await scratchQueue(context, server);
    if (scratch === null) return;
    const { queue } = scratch;
    await queue.enqueue([newTask({ flow: 'other', idempotencyKey: 'k7' })]);
    const params = { handle: 'tab\there, line\nthere, \\N, "quoted" 🎈', platform: 'instagram' };
    const tasks = Array.from({ length: 1_500 }, (_, n) => newTask({ params: { ...params, n }, idempotencyKey: `k${n % 1_000}` }));

    const result = await queue.enqueueStream(streamOf(tasks));
    const leased = await lease(queue, 2_000);

    assert.deepEqual(result, { queued: 1_000, known: 500 });
    assert.deepEqual(
      leased.map((task) => task.params.n),
      Array.from({ length: 1_000 }, (_, n) => n),
    );
    assert.equal(leased[0]?.params.handle, params.handle);
  });
}

test('an idempotency key is remembered when its task has ended, a unique key is free then', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue } = scratch;
  const tasks = [newTask({ idempotencyKey: 'a' }), newTask({ uniqueKey: 'u' })];
  await queue.enqueue(tasks);
  const leased = await lease(queue, 2);
  const whileRunning = await queue.enqueue(tasks);
  await end(queue, leased);

  const afterwards = await queue.enqueue(tasks);

  assert.equal(whileRunning.queued, 0);
  assert.deepEqual([afterwards.ids[0], afterwards.queued], [null, 1]);
});

test('a task that its unique key keeps out does not take its idempotency key', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  const both = newTask({ idempotencyKey: 'a', uniqueKey: 'u' });
  await queue.enqueue([newTask({ uniqueKey: 'u' })]);

  const refused = await queue.enqueue([both]);
  const twice = await queue.enqueue([newTask({ uniqueKey: 'v', idempotencyKey: 'b' }), newTask({ uniqueKey: 'v', idempotencyKey: 'c' })]);

  assert.equal(refused.known, 1);
  assert.deepEqual([twice.queued, twice.known], [1, 1]);
  const keys = await postgres.query('select key from gccflow.scrape_request_key order by key');
  assert.deepEqual(keys, [{ key: 'b' }]);
});

test('two who queue the same keys in other orders at once queue each once, and neither fails', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue } = scratch;
  const keyed = Array.from({ length: 200 }, (_, n) => newTask({ idempotencyKey: `i${n}`, uniqueKey: `u${n}` }));

  const results = await Promise.all([keyed, keyed.toReversed(), keyed, keyed.toReversed()].map((tasks) => queue.enqueue(tasks)));

  assert.equal(
    results.reduce((sum, { queued }) => sum + queued, 0),
    200,
  );
});

test('a stream that breaks off queues nothing', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue } = scratch;
  async function* broken(): AsyncGenerator<NewTask> {
    for (let n = 0; n < 1_000; n++) yield newTask();
    throw new Error('the source is gone');
  }

  await assert.rejects(queue.enqueueStream(broken()), /the source is gone/);

  assert.deepEqual(await lease(queue, 10), []);
});

test('what a transaction queues is there when it is committed, and not when it is rolled back', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await postgres.transaction(async (session) => {
    await queue.enqueueWithin(session, [newTask({ params: { n: 1 } })]);
    assert.deepEqual(await lease(queue, 10), []);
  });
  const failing = postgres.transaction(async (session) => {
    await queue.enqueueWithin(session, [newTask({ params: { n: 2 } })]);
    throw new Error('no');
  });
  await assert.rejects(failing, /no/);

  const leased = await lease(queue, 10);

  assert.deepEqual(
    leased.map(({ params }) => params.n),
    [1],
  );
});

test('a task is not leased before its time, nor after it has expired', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  const { ids } = await queue.enqueue([
    newTask({ params: { n: 1 }, runAt: { inMs: 3_600_000 } }),
    newTask({ params: { n: 2 }, runAt: { at: new Date(0) } }),
    newTask({ params: { n: 3 }, expiresAt: { at: new Date(0) } }),
    newTask({ params: { n: 4 }, expiresAt: { inMs: 3_600_000 } }),
  ]);

  const before = await lease(queue, 10);
  const { expired } = await queue.keepHouse(policy);
  await comeDue(postgres);
  const { madeDue } = await queue.keepHouse(policy);
  const after = await lease(queue, 10);

  assert.deepEqual(
    before.map(({ params }) => params.n),
    [2, 4],
  );
  assert.ok(before[1]?.expiresAt);
  assert.deepEqual([expired, madeDue], [1, 1]);
  assert.deepEqual(
    after.map(({ params }) => params.n),
    [1],
  );
  assert.equal((await readTask(postgres, ids[2] ?? ''))?.status, 'EXPIRED');
});

test('texts that PostgreSQL cannot store are stored without what it does not know', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue([newTask({ accountId: 'a\0b', uniqueKey: 'u\0\uD800' })]);
  const [task] = await lease(queue, 1);
  assert.ok(task);

  await end(queue, [task], { kind: 'refused', error: { code: 'X', message: `no\0\uD800${'m'.repeat(5_000)}`, place: null } });

  const view = await readTask(postgres, task.id);
  assert.equal(view?.status, 'FAILED');
  assert.equal(view?.errors?.[0]?.message.length, 2_000);
});

test('a task that is queued for somebody who waits is leased to them alone', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue } = scratch;
  const task = newTask({ idempotencyKey: 'a', params: { n: 1 } });

  const leased = await queue.enqueueLeased(task, 'api', 60_000);
  const second = await queue.enqueueLeased(task, 'api', 60_000);
  const others = await lease(queue, 10);

  assert.deepEqual([leased?.task.attempt, leased?.task.params, leased?.wasQueued], [1, { n: 1 }, false]);
  assert.equal(second, null);
  assert.deepEqual(others, []);
});

test('listeners hear of a flow whose tasks fall due, also after their connection was lost', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  const heard: string[] = [];
  await using _listening = await queue.listen((flow) => heard.push(flow));

  await queue.enqueue([newTask(), newTask(), newTask({ flow: 'g' }), newTask({ flow: 'later', runAt: { inMs: 3_600_000 } })]);
  await until(() => heard.length === 2);
  await postgres.query(`select pg_terminate_backend(pid) from pg_stat_activity where query ~ '^listen' and pid <> pg_backend_pid()`);
  await until(() => heard.length === 3);
  await comeDue(postgres);
  await queue.keepHouse(policy);
  await until(() => heard.length === 4);

  assert.deepEqual(
    [heard.slice(0, 2).toSorted(), heard.slice(2)],
    [
      ['f', 'g'],
      ['*', 'later'],
    ],
  );
});

test('nobody is told of a task behind others that have waited long: whoever could lease it, is busy', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue([newTask()]);
  await postgres.query(`update gccflow.scrape_request_log set created_at = now() - interval '1 minute'`);
  const heard: string[] = [];
  await using _listening = await queue.listen((flow) => heard.push(flow));

  await queue.enqueue([newTask(), newTask({ flow: 'g' })]);
  await until(() => heard.length > 0);

  assert.deepEqual(heard, ['g']);
});
