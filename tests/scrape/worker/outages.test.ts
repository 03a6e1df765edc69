import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgres } from '../../../framework/connections/open-postgres.ts';
import { PostgresFault } from '../../../framework/connections/postgres.ts';
import { GccflowError } from '../../../framework/foundation/error.ts';
import { cancelTasks } from '../../../framework/scrape/queue/cancel-tasks.ts';
import type { EndedTask, TaskQueue } from '../../../framework/scrape/queue/task-queue.ts';
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

/** `queue`, but PostgreSQL refuses every batch of ends in which one is refused by `refuses`. */
function refusingQueue(queue: TaskQueue, refuses: (ended: EndedTask) => boolean): TaskQueue {
  const exchange: TaskQueue['exchange'] = async (ended, wishes, worker) => {
    if (!ended.some(refuses)) return queue.exchange(ended, wishes, worker);
    const cause = new PostgresFault('a character has no place', { sqlState: '22P05', place: null, isRaised: false });
    throw new GccflowError('POSTGRES_QUERY', 'PostgreSQL refused a statement.', { cause });
  };
  return new Proxy(queue, {
    get: (target, name) => {
      if (name === 'exchange') return exchange;
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

test('an end that PostgreSQL refuses is found among others, which are written, and is told in plain words', async (context) => {
  await using scratch = await scratchQueue(context);
  if (scratch === null) return;
  const { queue, postgres } = scratch;
  const refusing = refusingQueue(queue, ({ settlement }) => settlement.kind === 'failed' && settlement.error.message.includes('handler'));
  const fine = Array.from({ length: 9 }, () => newTask());
  const { ids } = await queue.enqueue([...fine, newTask({ params: { does: 'throw' }, maxAttempts: 1 }), ...fine]);

  await using worker = labWorker(refusing, [labFlow('f', { concurrency: 50 })]);
  const ended = await untilEnded(postgres);

  assert.deepEqual(ended, { COMPLETE: 18, FAILED: 1 });
  const task = await readTask(postgres, ids[9] ?? '');
  assert.match(JSON.stringify(task), /HANDLER_THREW.*PostgreSQL does not take what went wrong/);
  assert.deepEqual(worker.log.messages('error'), []);
});

test('an end that cannot be written at all is said, and its task falls due again with its lease', async (context) => {
  await using scratch = await scratchQueue(context);
  if (scratch === null) return;
  const { queue, postgres } = scratch;
  const { ids } = await queue.enqueue([newTask(), newTask({ params: { does: 'throw' }, maxAttempts: 1 }), newTask()]);
  const refusing = refusingQueue(queue, ({ id }) => id === ids[1]);

  await using worker = labWorker(refusing, [labFlow('f', { concurrency: 5 })]);
  await until(() => worker.log.messages('error').length > 0, 'nothing is said');
  worker.stop();
  await worker.ended;

  const statuses = await Promise.all(ids.map(async (id) => (await readTask(postgres, id ?? ''))?.status));
  assert.deepEqual(statuses, ['COMPLETE', 'PROCESSING', 'COMPLETE']);
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

test('a new process gets a few tasks, and as many as it has slots once some have ended', async (context) => {
  await using scratch = await scratchQueue(context);
  if (scratch === null) return;
  const { queue, postgres } = scratch;
  const tasks = (count: number, does: string) => Array.from({ length: count }, () => newTask({ params: { does } }));
  const areHeld = async (count: number): Promise<boolean> => {
    const [row] = await postgres.query<{ held: number; due: number }>(
      'select count(worker_id)::int as held, count(*) filter (where worker_id is null)::int as due from gccflow.scrape_request_log',
    );
    return row?.held === count && row.due === 40 - count;
  };
  await queue.enqueue(tasks(40, 'heed'));

  await using worker = labWorker(queue, [labFlow('f', { concurrency: 40 })], { graceMs: 300 });
  const running = await worker.running;
  await until(() => areHeld(16));
  worker.stop();
  await worker.ended;
  const cold = running.counts.get('f')?.returned;
  await cancelTasks(postgres, { ids: [], flows: [], statuses: [], sinceMs: null });
  await queue.enqueue([...tasks(100, 'nothing'), ...tasks(40, 'heed')]);
  await using _warm = labWorker(queue, [labFlow('f', { concurrency: 40 })], { graceMs: 300 });

  await until(() => areHeld(40));
  assert.equal(cold, 16);
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
