import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratchDatabase } from '../../support/scratch-database.ts';
import { readTask } from '../../support/task-queue.ts';
import { until } from '../../support/until.ts';
import { isRunning } from '../../support/worker-lab.ts';
import { childrenOf, type WorkerProject, workerProject } from '../../support/worker-project.ts';

const untilRunning = (project: WorkerProject, count: number): Promise<void> =>
  until(async () => (await project.statuses()).PROCESSING === count, `${count} tasks are not running`, 60_000);

test('the first SIGTERM leases nothing more, lets tasks end, and the worker ends with 0', async (context) => {
  await using database = await scratchDatabase(context);
  if (database === null) return;
  await using project = await workerProject(database.url);
  await project.enqueue(30, { ms: 1500, deaf: true });
  const { child, ended } = project.worker('--json');
  await untilRunning(project, 10);

  child.kill('SIGTERM');
  const { exitCode, signal, stdout, stderr } = await ended;

  const [counts] = JSON.parse(stdout) as [{ flow: string; complete: number; returned: number }];
  assert.deepEqual([exitCode, signal], [0, null], stderr);
  assert.equal(counts.complete, (await project.marks()).rows);
  assert.ok(counts.complete >= 10);
  assert.deepEqual(await project.statuses(), { COMPLETE: counts.complete, PENDING: 30 - counts.complete });
});

test('what has not ended within the grace is aborted and given back uncharged', async (context) => {
  await using database = await scratchDatabase(context);
  if (database === null) return;
  await using project = await workerProject(database.url);
  await project.enqueue(2, { ms: 600_000 });
  await project.enqueue(2, { ms: 600_000, deaf: true });
  await project.enqueue(1, { blocks: true });
  const { child, ended } = await project.readyWorker('--grace', '6s');
  await untilRunning(project, 5);
  const children = childrenOf(child.pid ?? 0);

  child.kill('SIGTERM');
  const { exitCode, stderr } = await ended;

  assert.equal(exitCode, 0, stderr);
  assert.deepEqual(await project.statuses(), { PENDING: 5 });
  assert.equal((await readTask(project.postgres, '1'))?.tries, 0);
  assert.deepEqual(await project.marks(), { rows: 0, tasks: 0 });
  assert.ok(!children.some(isRunning));
});

test('a second signal ends the worker at once, and its tasks fall due when their leases have run out', async (context) => {
  await using database = await scratchDatabase(context);
  if (database === null) return;
  await using project = await workerProject(database.url);
  await project.enqueue(4, { ms: 3000, deaf: true });
  const { child, ended } = await project.readyWorker();
  await untilRunning(project, 4);
  const children = childrenOf(child.pid ?? 0);

  child.kill('SIGTERM');
  await until(() => child.killed, 'not signalled');
  setTimeout(() => child.kill('SIGTERM'), 200);
  const { signal } = await ended;

  assert.equal(signal, 'SIGTERM');
  await until(() => !children.some(isRunning), 'a child lives on', 60_000);
  const again = await project.worker('--until-empty').ended;
  assert.equal(again.exitCode, 0, again.stderr);
  assert.deepEqual(await project.statuses(), { COMPLETE: 4 });
  assert.deepEqual(await project.marks(), { rows: 4, tasks: 4 });
});

test('a worker that is to end when nothing is left ends with a table of what it did', async (context) => {
  await using database = await scratchDatabase(context);
  if (database === null) return;
  await using project = await workerProject(database.url);
  await project.enqueue(25);

  const { exitCode, stdout, stderr } = await project.worker('--until-empty').ended;

  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^mark +25 +0 +0 +0 +0$/m);
  assert.match(stderr, /running 1 flow in 2 processes/);
  assert.deepEqual(await project.marks(), { rows: 25, tasks: 25 });
});

test('a worker says why attempts did not complete, and where those are that failed', async (context) => {
  await using database = await scratchDatabase(context);
  if (database === null) return;
  await using project = await workerProject(database.url);
  await project.postgres.query('alter table public.mark rename to gone');
  await project.enqueue(1);
  await project.postgres.query('update gccflow.scrape_request_log set max_attempts = 1');

  const { exitCode, stdout, stderr } = await project.worker('--until-empty').ended;

  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^mark +0 +0 +1 +0 +0$/m);
  assert.match(stderr, /^mark, last: POSTGRES_QUERY: .*public\.mark.* does not exist/m);
  assert.match(stderr, /`gccflow tasks ls --status FAILED` lists what failed/);
});

test('a worker that had nothing to do says so', async (context) => {
  await using database = await scratchDatabase(context);
  if (database === null) return;
  await using project = await workerProject(database.url);

  const { exitCode, stdout, stderr } = await project.worker('--until-empty').ended;

  assert.equal(exitCode, 0, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^no task was run$/m);
});
