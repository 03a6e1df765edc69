import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgres } from '../../../framework/connections/open-postgres.ts';
import { privatePostgres } from '../../support/private-postgres.ts';
import { comeDue, newTask, readTask, runOutLeases, scratchQueue } from '../../support/task-queue.ts';
import { until } from '../../support/until.ts';
import { silentLog } from '../../support/warehouse.ts';
import { errorCodes, isRunning, labFlow, labWorker, untilEnded } from '../../support/worker-lab.ts';
import { childrenOf, workerProject } from '../../support/worker-project.ts';

test('a worker outlives PostgreSQL, which is killed again and again, and loses no task', async () => {
  await using server = await privatePostgres();
  await using project = await workerProject(server.url);
  const tasks = 600;
  await project.enqueue(tasks, { ms: 30 });
  const { child, ended } = project.worker();
  await until(async () => (await project.marks()).rows > 0, 'nothing is done', 60_000);

  for (let kills = 0; kills < 3; kills++) {
    await server.kill();
    await sleep(300);
    await server.start();
    await sleep(1500);
  }
  await using postgres = await openPostgres({ type: 'postgres', url: server.url }, { projectDir: '.', maxConnections: 1, log: silentLog });
  const isDone = async (): Promise<boolean> => {
    const [row] = await postgres.query<{ count: number }>('select count(*)::int from gccflow.scrape_request_history');
    return row?.count === tasks;
  };
  await until(isDone, 'tasks are left', 120_000);
  child.kill('SIGTERM');
  const { exitCode, stderr } = await ended;

  assert.equal(exitCode, 0, stderr);
  const marks = await postgres.query('select count(*)::int as rows, count(distinct task_id)::int as tasks from public.mark');
  assert.deepEqual(marks, [{ rows: tasks, tasks }]);
});

test('a child that does not answer for as long as the lease is replaced, and one that answers keeps its tasks for longer', async (context) => {
  await using scratch = await scratchQueue(context);
  if (scratch === null) return;
  const { queue, postgres } = scratch;
  const { ids } = await queue.enqueue([
    newTask({ flow: 'stuck', params: { does: 'block' }, maxAttempts: 1 }),
    newTask({ flow: 'slow', params: { does: 'wait', ms: 12_000 } }),
  ]);

  await using worker = labWorker(queue, [labFlow('stuck'), labFlow('slow')], { workers: 'declared' });
  await worker.running;
  await until(() => childrenOf(process.pid).length === 2, 'the children do not start');
  const children = childrenOf(process.pid);
  const ended = await untilEnded(postgres);

  assert.deepEqual(ended, { COMPLETE: 1, FAILED: 1 });
  assert.deepEqual(await errorCodes(postgres, ids[0]), ['WORKER_STUCK']);
  assert.equal((await readTask(postgres, ids[1] ?? ''))?.attempt, 1);
  assert.equal(children.filter(isRunning).length, 1);
});

test('a task whose lease was lost is aborted, and what came of it is not written', async (context) => {
  await using scratch = await scratchQueue(context);
  if (scratch === null) return;
  const { queue, postgres } = scratch;
  const { ids } = await queue.enqueue([newTask({ params: { does: 'heed' } })]);
  await using worker = labWorker(queue, [labFlow('f', { concurrency: 1 })]);
  const running = await worker.running;
  await until(async () => (await readTask(postgres, ids[0] ?? ''))?.attempt === 1, 'it does not start');

  await runOutLeases(postgres);
  await queue.keepHouse({ retainDays: 7 });
  await comeDue(postgres);

  await until(() => (running.counts.get('f')?.lost ?? 0) > 0, 'the loss is not noticed');
  await until(async () => ((await readTask(postgres, ids[0] ?? ''))?.attempt ?? 0) > 1, 'it does not start again');
  assert.equal(running.counts.get('f')?.complete, 0);
});
