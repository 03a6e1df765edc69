import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comeDue, end, lease, newTask, queueServers, readTask, runOutLeases, scratchQueue } from '../../support/task-queue.ts';

const policy = { retainDays: 7 };
const error = { code: 'HTTP_STATUS', message: 'the API answered 500', place: 'flows/f.yaml:3:1' };

for (const [name, server] of Object.entries(queueServers)) {
  test(`tasks are leased by priority, then by age, only as many as are wished for (${name})`, async (context) => {
    await using scratch = await scratchQueue(context, server);
    if (scratch === null) return;
    const { queue } = scratch;
    const tasks = [1, 2, 3, 4, 5].map((n) => newTask({ params: { n }, priority: n === 4 ? 9 : 0 }));
    await queue.enqueue(tasks);

    const first = await lease(queue, 3);
    const rest = await lease(queue, 10);

    assert.deepEqual(
      [...first, ...rest].map(({ params }) => params.n),
      [4, 1, 2, 3, 5],
    );
    assert.equal(first.length, 3);
    assert.deepEqual(
      { ...first[0], id: '', createdAt: null },
      {
        id: '',
        flow: 'f',
        attempt: 1,
        tries: 1,
        isLastTry: false,
        params: { n: 4 },
        priority: 9,
        accountId: null,
        createdAt: null,
        expiresAt: null,
      },
    );
  });

  test(`one exchange ends tasks in every way and leases those of several flows (${name})`, async (context) => {
    await using scratch = await scratchQueue(context, server);
    if (scratch === null) return;
    const { queue, postgres } = scratch;
    await queue.enqueue([1, 2, 3, 4].map((n) => newTask({ params: { n } })));
    await queue.enqueue([newTask({ flow: 'g', params: { n: 5 } }), newTask({ flow: 'h' })]);
    const [done, failed, refused, returned] = await lease(queue, 4);
    assert.ok(done && failed && refused && returned);

    const { leased, lost } = await queue.exchange(
      [
        { ...done, settlement: { kind: 'complete' } },
        { ...failed, settlement: { kind: 'failed', error, retryInMs: 60_000 } },
        { ...refused, settlement: { kind: 'refused', error } },
        { ...returned, settlement: { kind: 'returned', reason: 'a limit', waitMs: 60_000 } },
        { id: '999999999', attempt: 1, settlement: { kind: 'complete' } },
      ],
      [
        { flow: 'f', limit: 9, leaseMs: 60_000 },
        { flow: 'g', limit: 9, leaseMs: 60_000 },
      ],
      'w',
    );

    assert.deepEqual(lost, ['999999999']);
    assert.deepEqual(
      leased.map(({ flow, params }) => [flow, params.n]),
      [['g', 5]],
    );
    const views = await Promise.all([done, failed, refused, returned].map(({ id }) => readTask(postgres, id)));
    assert.deepEqual(
      views.map((view) => [view?.status, view?.tries, view?.attempt, view?.error, view?.waiting_for]),
      [
        ['COMPLETE', 1, 1, null, null],
        ['PENDING', 1, 1, error.message, null],
        ['FAILED', 1, 1, error.message, null],
        ['PENDING', 0, 1, null, 'a limit'],
      ],
    );
    assert.ok(views[0]?.ended_at && views[2]?.ended_at);
    assert.deepEqual(
      views[1]?.errors?.map(({ attempt, code }) => [attempt, code]),
      [[1, 'HTTP_STATUS']],
    );
  });

  test(`a task whose lease ran out is leased again with the next attempt, and the late worker changes nothing (${name})`, async (context) => {
    await using scratch = await scratchQueue(context, server);
    if (scratch === null) return;
    const { queue, postgres } = scratch;
    await queue.enqueue([newTask()]);
    const [first] = await lease(queue, 1);
    assert.ok(first);

    await runOutLeases(postgres);
    const work = await queue.keepHouse(policy);
    await comeDue(postgres);
    await queue.keepHouse(policy);
    const [second] = await lease(queue, 1);
    const lost = await end(queue, [first]);
    const extended = await queue.extend([first], 60_000);
    const isEnded = await queue.completeWithin(postgres, first);

    assert.equal(work.leasesEnded, 1);
    assert.equal(second?.attempt, 2);
    assert.deepEqual(lost, [first.id]);
    assert.equal(extended.size, 0);
    assert.equal(isEnded, false);
    const view = await readTask(postgres, first.id);
    assert.equal(view?.status, 'PROCESSING');
    assert.equal(view?.errors?.[0]?.code, 'LEASE_LOST');
  });
}

test('a task ends FAILED with its last try, whatever ends it; attempts that were returned do not count', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue([newTask({ maxAttempts: 2 }), newTask({ maxAttempts: 1 })]);
  const [thrown, crashed] = await lease(queue, 2);
  assert.ok(thrown && crashed);
  const back = { kind: 'returned', reason: 'a limit', waitMs: 0 } as const;

  assert.deepEqual([thrown.isLastTry, crashed.isLastTry], [false, true]);
  await end(queue, [thrown, crashed], back);
  const [again, once] = await lease(queue, 2);
  assert.ok(again && once);
  assert.deepEqual([again.isLastTry, once.isLastTry], [false, true]);
  await end(queue, [again], { kind: 'failed', error, retryInMs: 0 });
  const [last] = await lease(queue, 1);
  assert.ok(last);
  assert.deepEqual([last.attempt, last.isLastTry], [3, true]);
  await end(queue, [last], { kind: 'failed', error, retryInMs: 0 });
  await runOutLeases(postgres);
  await queue.keepHouse(policy);

  const views = await Promise.all([thrown, crashed].map(({ id }) => readTask(postgres, id)));
  assert.deepEqual(
    views.map((view) => [view?.status, view?.attempt, view?.errors?.at(-1)?.code]),
    [
      ['FAILED', 3, 'HTTP_STATUS'],
      ['FAILED', 2, 'LEASE_LOST'],
    ],
  );
});

test('a wait that is no time does not keep the attempts that end with it from ending', async (context) => {
  await using scratch = await scratchQueue(context);
  if (scratch === null) return;
  const { queue, postgres } = scratch;
  await queue.enqueue([newTask(), newTask(), newTask()]);
  const [endless, unknown, done] = await lease(queue, 3);
  assert.ok(endless && unknown && done);

  const { lost } = await queue.exchange(
    [
      { ...endless, settlement: { kind: 'returned', reason: 'the limit is far away', waitMs: Number.POSITIVE_INFINITY } },
      { ...unknown, settlement: { kind: 'failed', error, retryInMs: Number.NaN } },
      { ...done, settlement: { kind: 'complete' } },
    ],
    [],
    'w',
  );

  assert.deepEqual(lost, []);
  const tasks = await Promise.all([endless, unknown, done].map(({ id }) => readTask(postgres, id)));
  assert.deepEqual(
    tasks.map((task) => [task?.status, task?.ready]),
    [
      ['PENDING', false],
      ['PENDING', true],
      ['COMPLETE', false],
    ],
  );
});
