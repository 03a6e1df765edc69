import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cancelTasks } from '../../../framework/scrape/queue/cancel-tasks.ts';
import { findTasks } from '../../../framework/scrape/queue/find-tasks.ts';
import { hurryTasks } from '../../../framework/scrape/queue/hurry-tasks.ts';
import { pauseFlows, resumeFlows } from '../../../framework/scrape/queue/pause-flows.ts';
import { retryTasks } from '../../../framework/scrape/queue/retry-tasks.ts';
import type { TaskFilter } from '../../../framework/scrape/queue/task-filter.ts';
import { readStats } from '../../../framework/scrape/queue/task-stats.ts';
import { end, lease, newTask, queueServers, scratchQueue } from '../../support/task-queue.ts';
import { until } from '../../support/until.ts';

const all: TaskFilter = { ids: [], flows: [], statuses: [], sinceMs: null };
const failure = { kind: 'refused', error: { code: 'HTTP_STATUS', message: 'no', place: null } } as const;

for (const [name, server] of Object.entries(queueServers)) {
  test(`a task that failed is queued again under its id, and a late worker of its earlier attempt still writes nothing (${name})`, async (context) => {
    await using scratch = await scratchQueue(context, server);
    if (scratch === null) return;
    const { queue, postgres } = scratch;
    await queue.enqueue([newTask({ maxAttempts: 1, params: { n: 1 } }), newTask()]);
    const [first, second] = await lease(queue, 2);
    assert.ok(first && second);
    await end(queue, [first], failure);
    await end(queue, [second]);

    const retried = await retryTasks(postgres, all);
    const [again] = await lease(queue, 5);
    const lost = await end(queue, [first]);

    assert.equal(retried, 1);
    assert.deepEqual([again?.id, again?.attempt, again?.isLastTry, again?.params], [first.id, 2, true, { n: 1 }]);
    assert.deepEqual(lost, [first.id]);
    const [task] = await findTasks(postgres, { ...all, ids: [first.id] }, 5);
    assert.deepEqual([task?.status, task?.errors.map(({ attempt, code }) => [attempt, code])], ['PROCESSING', [[1, 'HTTP_STATUS']]]);
  });
}

test('of tasks with one unique key only one is queued again, and none while another is queued', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  const fail = async (): Promise<void> => {
    await queue.enqueue([newTask({ uniqueKey: 'u' })]);
    await end(queue, await lease(queue, 1), failure);
  };
  await fail();
  await fail();
  await queue.enqueue([newTask({ uniqueKey: 'u' })]);

  const whileQueued = await retryTasks(postgres, all);
  await end(queue, await lease(queue, 1));
  const afterwards = await retryTasks(postgres, all);
  const [task] = await lease(queue, 5);

  assert.deepEqual([whileQueued, afterwards], [0, 1]);
  assert.ok(task);
  assert.equal((await findTasks(postgres, { ...all, statuses: ['FAILED'] }, 5)).length, 1);
});

test('of many tasks each is queued again once, also where they end at once again', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  const tasks = Array.from({ length: 5001 }, (_, n) => newTask({ uniqueKey: `${n}`, runAt: { inMs: 60_000 } }));
  await queue.enqueue(tasks);
  const hurried = await hurryTasks(postgres, all);
  await cancelTasks(postgres, all);
  const endAll = {
    query: async <Row>(sql: string, params?: readonly unknown[]): Promise<Row[]> => {
      const rows = await postgres.query<Row>(sql, params);
      await cancelTasks(postgres, all);
      return rows;
    },
  };

  const retried = await retryTasks(endAll, all);

  assert.deepEqual([hurried, retried], [5001, 5001]);
  assert.equal((await findTasks(postgres, { ...all, statuses: ['CANCELLED'] }, 10_000)).length, 5001);
});

test('tasks that wait for another try or a later time are due when they are hurried, others stay as they are', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue([newTask({ params: { n: 1 } }), newTask({ params: { n: 2 }, runAt: { inMs: 3_600_000 } })]);
  await queue.enqueue([newTask({ params: { n: 3 }, runAt: { inMs: 3_600_000 } })]);
  await end(queue, await lease(queue, 1), { kind: 'returned', reason: 'no credential', waitMs: 300_000 });
  const found = await findTasks(postgres, all, 5);
  const ids = found.filter(({ params }) => (params as { n: number }).n !== 3).map(({ id }) => id);

  const early = await lease(queue, 5);
  const failed = await hurryTasks(postgres, { ...all, statuses: ['FAILED'] });
  const hurried = await hurryTasks(postgres, { ...all, ids });
  const again = await hurryTasks(postgres, { ...all, ids });
  const tasks = await lease(queue, 5);

  assert.deepEqual([early, failed, hurried, again], [[], 0, 2, 0]);
  assert.deepEqual(tasks.map(({ params, tries }) => [params.n, tries]).toSorted(), [
    [1, 1],
    [2, 1],
  ]);
});

test('tasks that wait and tasks that run are cancelled, and who runs one learns it', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue([newTask(), newTask(), newTask({ flow: 'g' })]);
  const [running] = await lease(queue, 1);
  assert.ok(running);

  const ofPending = await cancelTasks(postgres, { ...all, flows: ['f'], statuses: ['PENDING'] });
  const stillHeld = await queue.extend([running], 1_000);
  const ofRunning = await cancelTasks(postgres, { ...all, ids: [running.id] });
  const held = await queue.extend([running], 1_000);

  assert.deepEqual([ofPending, ofRunning, stillHeld.size, held.size], [1, 1, 1, 0]);
  assert.equal((await findTasks(postgres, { ...all, statuses: ['CANCELLED'] }, 5)).length, 2);
  assert.deepEqual(await end(queue, [running]), [running.id]);
  assert.equal((await lease(queue, 5, 'g')).length, 1);
});

test('a task that expired never expires once it is queued again', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue([newTask({ expiresAt: { at: new Date(0) } })]);
  await queue.keepHouse({ retainDays: 7 });

  await retryTasks(postgres, { ...all, statuses: ['EXPIRED'] });

  const [task] = await lease(queue, 1);
  assert.equal(task?.expiresAt, null);
});

test('a flow that is resumed tells the workers, and pausing twice keeps the first time', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue([newTask()]);
  const heard: string[] = [];
  await using _listening = await queue.listen((flow) => heard.push(flow));
  await pauseFlows(postgres, ['f', 'f', 'g']);
  const [first] = await readStats(postgres, 1_000);
  await pauseFlows(postgres, ['f']);
  const [second] = await readStats(postgres, 1_000);

  const whilePaused = await lease(queue, 1);
  await resumeFlows(postgres, ['f']);
  await until(() => heard.length === 1);

  assert.ok(first?.pausedAt);
  assert.deepEqual(second?.pausedAt, first.pausedAt);
  assert.deepEqual([whilePaused.length, heard, (await lease(queue, 1)).length], [0, ['f'], 1]);
});

test('the tasks of each flow are counted by where they stand', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue([newTask(), newTask(), newTask(), newTask({ runAt: { inMs: 60_000 } }), newTask({ flow: 'g' })]);
  const [done, failed] = await lease(queue, 3);
  assert.ok(done && failed);
  await end(queue, [done]);
  await end(queue, [failed], failure);
  await end(queue, await lease(queue, 1, 'g'));
  await postgres.query(`update gccflow.scrape_request_history set ended_at = now() - interval '1 hour' where flow = 'g'`);
  await queue.enqueue([newTask()]);

  const stats = await readStats(postgres, 60_000);

  const [f] = stats;
  assert.equal(stats.length, 1);
  assert.ok(f && f.oldestDueMs !== null && f.oldestDueMs >= 0);
  const { oldestDueMs: _age, ...counts } = f;
  assert.deepEqual(counts, {
    flow: 'f',
    due: 1,
    later: 1,
    processing: 1,
    complete: 1,
    failed: 1,
    expired: 0,
    cancelled: 0,
    pausedAt: null,
  });
  assert.equal((await findTasks(postgres, { ...all, sinceMs: 60_000 }, 50)).length, 5);
});
