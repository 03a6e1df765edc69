import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { startCli } from '../../support/cli.ts';
import { scratchDatabase } from '../../support/scratch-database.ts';
import { until } from '../../support/until.ts';
import { isRunning } from '../../support/worker-lab.ts';
import { childrenOf, workerProject } from '../../support/worker-project.ts';

type Running = ReturnType<typeof startCli>;

test('every task ends exactly once in effect while workers and their children are killed at random', async (context) => {
  await using database = await scratchDatabase(context);
  if (database === null) return;
  await using project = await workerProject(database.url);
  const tasks = 1500;
  await project.enqueue(tasks, { ms: 40 });
  const workers: Running[] = [project.worker(), project.worker()];

  for (let kills = 0; kills < 25; kills++) {
    await sleep(100 + Math.random() * 400);
    const index = kills % workers.length;
    const supervisor = workers[index]?.child.pid ?? 0;
    if (kills % 6 === 5) {
      process.kill(supervisor, 'SIGKILL');
      await workers[index]?.ended;
      workers[index] = project.worker();
    } else {
      const [victim] = childrenOf(supervisor);
      if (victim !== undefined && isRunning(victim)) process.kill(victim, 'SIGKILL');
    }
  }
  let statuses: Readonly<Record<string, number>> = {};
  const done = async (): Promise<boolean> => {
    statuses = await project.statuses();
    return statuses.COMPLETE === tasks;
  };
  await until(done, () => `tasks are left: ${JSON.stringify(statuses)}`, 180_000);
  for (const { child } of workers) child.kill('SIGTERM');
  await Promise.all(workers.map(({ ended }) => ended));

  assert.deepEqual(await project.statuses(), { COMPLETE: tasks });
  assert.deepEqual(await project.marks(), { rows: tasks, tasks });
  const [events] = await project.postgres.query<{ ids: number; tasks: number }>(
    `select count(distinct message_id)::int as ids, count(distinct body::json ->> 'task')::int as tasks from gccflow.event_outbox`,
  );
  assert.deepEqual(events, { ids: tasks, tasks });
});

test('no child outlives a worker that is killed, not even one whose event loop is blocked', async (context) => {
  await using database = await scratchDatabase(context);
  if (database === null) return;
  await using project = await workerProject(database.url);
  await project.enqueue(1, { blocks: true });
  const { child, ended } = await project.readyWorker();
  const children = childrenOf(child.pid ?? 0);
  await until(async () => (await project.statuses()).PROCESSING === 1, 'the task does not start', 60_000);

  child.kill('SIGKILL');
  await ended;

  await until(() => !children.some(isRunning), 'a child lives on', 60_000);
});
