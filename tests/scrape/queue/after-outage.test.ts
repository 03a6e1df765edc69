import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPostgres } from '../../../framework/connections/open-postgres.ts';
import { openTaskQueue } from '../../../framework/scrape/queue/open-task-queue.ts';
import { privatePostgres } from '../../support/private-postgres.ts';
import { newTask, readTask } from '../../support/task-queue.ts';
import { until } from '../../support/until.ts';
import { silentLog } from '../../support/warehouse.ts';

const policy = { retainDays: 7 };

test('a lease that ran out while PostgreSQL was away can be lengthened when it is back; if it is not, the task soon falls due', async () => {
  await using server = await privatePostgres();
  await using postgres = await openPostgres({ type: 'postgres', url: server.url }, { projectDir: '.', maxConnections: 4, log: silentLog });
  await using queue = await openTaskQueue(postgres);
  await queue.enqueue([newTask({ maxAttempts: 1 }), newTask()]);
  const { leased } = await queue.exchange([], [{ flow: 'f', limit: 2, leaseMs: 1 }], 'w');
  const [held, left] = leased;
  assert.ok(held && left);
  await server.kill();
  await server.start();
  const isBack = () =>
    queue.keepHouse(policy).then(
      () => true,
      () => false,
    );
  await until(isBack, 'the queue does not come back');

  const kept = await queue.extend([held], 60_000);

  assert.deepEqual(kept, new Set([held.id]));
  await until(
    async () => {
      await queue.keepHouse(policy);
      return (await readTask(postgres, left.id))?.status === 'PENDING';
    },
    'the other task does not fall due',
    60_000,
  );
  assert.equal((await readTask(postgres, held.id))?.status, 'PROCESSING');
});
