import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import { openTaskQueue } from '../../framework/scrape/queue/open-task-queue.ts';
import { type CliRun, type ProjectFolder, projectFolder, runCli } from '../support/cli.ts';
import { needs } from '../support/services.ts';
import { end, lease } from '../support/task-queue.ts';
import { silentLog } from '../support/warehouse.ts';

const flow = `kind: flow
name: refresh_profile
params: { platform: string, handle: string, n: integer?, at: timestamp?, deep: { type: boolean, default: false } }
max_params: 1KB
unique: [handle]
account: '{platform}'
workers: 3
`;

interface TaskProject extends AsyncDisposable {
  readonly folder: ProjectFolder;
  readonly url: string;
  run(...args: string[]): Promise<CliRun>;
}

/** A project with one flow whose queue is in a database of its own. */
async function taskProject(): Promise<TaskProject> {
  const database = `gccflow_${randomUUID().slice(0, 8)}`;
  const urlOf = (name: string) => `postgres://postgres@127.0.0.1:5432/${name}`;
  const open = (name: string) =>
    openPostgres({ type: 'postgres', url: urlOf(name) }, { projectDir: '.', maxConnections: 8, log: silentLog });
  await using opening = new AsyncDisposableStack();
  const admin = opening.use(await open('postgres'));
  await admin.query(`create database ${database}`);
  opening.defer(async () => {
    await admin.query(`drop database ${database} with (force)`);
  });
  const folder = opening.use(
    projectFolder({
      'project.yaml': `name: shop\ntargets:\n  dev:\n    postgres: { type: postgres, url: '${urlOf(database)}' }\n`,
      'flows/refresh_profile.yaml': flow,
    }),
  );
  const opened = opening.move();
  return {
    folder,
    url: urlOf(database),
    run: (...args) => runCli(args, { cwd: folder.dir }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function countTasks(project: TaskProject): Promise<number> {
  return JSON.parse((await project.run('tasks', 'ls', '--json', '--limit', '100000')).stdout).length;
}

test('a task is queued with its params read as they are declared, shown, cancelled and queued again', async (context) => {
  if (!(await needs('postgres', context))) return;
  await using project = await taskProject();

  const queued = await project.run(
    'enqueue',
    'refresh_profile',
    ...['--params', 'platform=instagram', 'handle=nike', 'n=3', 'at=1700000000', '--priority', '-5', '--expires-in', '1d', '--json'],
  );
  const { id, ...counts } = JSON.parse(queued.stdout);
  const again = await project.run('enqueue', 'refresh_profile', '--params', '{"platform": "instagram", "handle": "nike"}');
  const [shown] = JSON.parse((await project.run('tasks', 'show', id, '--json')).stdout);
  const people = await project.run('tasks', 'show', id);
  const later = await project.run('enqueue', 'refresh_profile', '--params', 'platform=instagram', 'handle=puma', '--delay', '1h');
  const hurried = await project.run('tasks', 'retry', '--status', 'PENDING');
  const cancelled = await project.run('tasks', 'cancel', id);
  const retried = await project.run('tasks', 'retry', id);
  const listed = await project.run('tasks', 'ls', '--flow', 'refresh_profile', '--status', 'PENDING', '--since', '1h');

  assert.deepEqual(counts, { flow: 'refresh_profile', queued: 1, known: 0 }, queued.stderr);
  assert.match(again.stderr, /not queued: a key of it is known/);
  assert.deepEqual(shown.params, { platform: 'instagram', handle: 'nike', n: 3, at: '2023-11-14T22:13:20.000Z', deep: false });
  assert.deepEqual([shown.status, shown.priority, shown.platform, shown.account_id], ['PENDING', -5, 'instagram', 'instagram']);
  assert.ok(Date.parse(shown.expires_at) - Date.parse(shown.created_at) === 86_400_000);
  assert.match(people.stdout, /^task \d+\n {2}flow +refresh_profile\n {2}status +PENDING\n/);
  assert.match(later.stdout, /^1 task of refresh_profile queued/);
  assert.equal(hurried.stdout, '1 due now\n', hurried.stderr);
  assert.match(cancelled.stdout, /^1 cancelled\n/);
  assert.match(retried.stdout, /^1 queued again\n/);
  assert.match(listed.stdout, new RegExp(`${id} +refresh_profile +PENDING +0/3`));
});

test('what does not fit is refused with every reason and place, and nothing is queued', async (context) => {
  if (!(await needs('postgres', context))) return;
  await using project = await taskProject();
  const enqueue = (...args: string[]) => project.run('enqueue', ...args);
  project.folder.write({
    'bad.csv': 'platform,handle,n\ninstagram,a,1\ninstagram,,x\n',
    'ragged.csv': 'platform,handle\ninstagram\n',
    'open.csv': 'platform,handle\ninstagram,"a\n',
    'bad.jsonl': '{"platform": "instagram", "handle": "a"}\n\n{"platform": 7, "handle": "b"}\nno json\n',
  });

  const unknownFlow = await enqueue('refresh_profil', '--params', 'handle=a');
  const params = await enqueue('refresh_profile', '--params', 'platform=instagram', 'handel=a', 'n=x');
  const oversize = await enqueue('refresh_profile', '--params', 'platform=instagram', `handle=${'a'.repeat(2_000)}`);
  const csv = await enqueue('refresh_profile', '--from-file', 'bad.csv');
  const ragged = await enqueue('refresh_profile', '--from-file', 'ragged.csv');
  const open = await enqueue('refresh_profile', '--from-file', 'open.csv');
  const jsonl = await enqueue('refresh_profile', '--from-file', 'bad.jsonl');
  const missing = await enqueue('refresh_profile', '--from-file', 'none.csv');
  const query = await enqueue('refresh_profile', '--from-model', 'select number as handle, number as platform from numbers(2)');
  const two = await enqueue('refresh_profile', '--params', 'a=b', '--from-file', 'bad.csv');
  const bare = await enqueue('refresh_profile', 'handle=a');
  const listed = await project.run('tasks', 'ls', '--flow', 'refresh_profil');
  const priority = await enqueue('refresh_profile', '--params', 'handle=a', '--priority', '70000');

  assert.deepEqual([unknownFlow.exitCode, params.exitCode, two.exitCode], [2, 1, 2]);
  assert.match(unknownFlow.stderr, /SELECTOR_NO_MATCH[\s\S]*Did you mean 'refresh_profile'\?/);
  assert.match(params.stderr, /TASK_PARAMS[\s\S]*nothing was queued[\s\S]*no param 'handel'. Did you mean 'handle'\?/);
  assert.match(params.stderr, /'handle' is missing[\s\S]*'n' is string where integer is expected/);
  assert.match(oversize.stderr, /TASK_PARAMS[\s\S]*more than the 1\d\d\d of max_params/);
  assert.match(csv.stderr, /bad\.csv:3: The param 'handle' is missing/);
  assert.match(ragged.stderr, /ragged\.csv:2: the row has 1 cells where the head has 2/);
  assert.match(open.stderr, /open\.csv' is no CSV: Quote Not Closed[\s\S]*line 2/);
  assert.match(jsonl.stderr, /bad\.jsonl:4: the line is no JSON|bad\.jsonl:3: The param 'platform' is number/);
  assert.match(missing.stderr, /FILE_UNREADABLE[\s\S]*none\.csv/);
  assert.match(query.stderr, /--from-model, row 2: The param 'handle' is number where string is expected/);
  assert.match(two.stderr, /three ways to say the same/);
  assert.match(unknownFlow.stderr, /No flow is called 'refresh_profil'/);
  assert.match(bare.stderr, /'handle=a' is one too many\.\n {2}hint: To give params, write --params before them\./);
  assert.match(listed.stderr, /no flow 'refresh_profil'\. Did you mean 'refresh_profile'\?/);
  assert.match(priority.stderr, /takes a whole number from -32768 to 32767/);
  assert.equal(await countTasks(project), 0);
});

test('many tasks are queued from files and from a query with refs, once for each key', async (context) => {
  if (!(await needs('postgres', context))) return;
  await using project = await taskProject();
  project.folder.write({
    'models/mart_profile.sql': `{{config materialized="view"}}\nselect 'instagram' as platform, concat('m', toString(number)) as handle from numbers(3000)\n`,
    'profiles.csv': '\uFEFFplatform,handle,n\r\ninstagram,"a,""b""\r\nc",1\r\nyoutube,d,\r\n\r\n',
    'profiles.jsonl': '{"platform": "instagram", "handle": "e"}\n{"platform": "instagram", "handle": "e"}\n',
  });
  const unbuilt = await project.run('enqueue', 'refresh_profile', '--from-model', 'select platform, handle from {{ref "mart_profile"}}');
  const built = await project.run('run');

  const csv = await project.run('enqueue', 'refresh_profile', '--from-file', 'profiles.csv');
  const jsonl = await project.run('enqueue', 'refresh_profile', '--from-file', 'profiles.jsonl', '--json');
  const model = await project.run(
    'enqueue',
    'refresh_profile',
    ...['--from-model', 'select platform, handle from {{ref "mart_profile"}}', '--idempotency-key', '{handle}:1', '--delay', '1h'],
  );
  const again = await project.run(
    'enqueue',
    'refresh_profile',
    ...['--from-model', 'select platform, handle from {{ref "mart_profile"}}', '--idempotency-key', '{handle}:1', '--json'],
  );

  assert.equal(unbuilt.exitCode, 1);
  assert.match(unbuilt.stderr, /Build it first: gccflow build --select '\+mart_profile'/);
  assert.equal(built.exitCode, 0, built.stderr);
  assert.match(csv.stdout, /^2 tasks of refresh_profile queued\n/, csv.stderr);
  assert.deepEqual(JSON.parse(jsonl.stdout), { flow: 'refresh_profile', queued: 1, known: 1 });
  assert.match(model.stdout, /^3,000 tasks/, model.stderr);
  assert.deepEqual(JSON.parse(again.stdout), { flow: 'refresh_profile', queued: 0, known: 3_000 });
  const tasks = JSON.parse((await project.run('tasks', 'ls', '--json', '--limit', '10000')).stdout) as { params: { handle: string } }[];
  assert.equal(tasks.length, 3_003);
  assert.ok(tasks.some(({ params }) => params.handle === 'a,"b"\r\nc'));
});

test('flows are counted, paused and resumed, and failed tasks are told and queued again', async (context) => {
  if (!(await needs('postgres', context))) return;
  await using project = await taskProject();
  for (const handle of ['a', 'b', 'c'])
    await project.run('enqueue', 'refresh_profile', '--params', 'platform=instagram', `handle=${handle}`);
  await using postgres = await openPostgres({ type: 'postgres', url: project.url }, { projectDir: '.', maxConnections: 4, log: silentLog });
  await using queue = await openTaskQueue(postgres);
  const [done, failed] = await lease(queue, 2, 'refresh_profile');
  assert.ok(done && failed);
  await end(queue, [done]);
  const error = { code: 'HTTP_STATUS', message: 'the API answered 500', place: 'flows/refresh_profile.yaml:3:1' };
  await end(queue, [failed], { kind: 'refused', error });

  const stats = await project.run('tasks', 'stats');
  const [counts] = JSON.parse((await project.run('tasks', 'stats', '--json')).stdout);
  const shown = await project.run('tasks', 'show', failed.id);
  const none = await project.run('tasks', 'show', '987654321');
  const paused = await project.run('flows', 'pause', 'refresh_profile');
  const whilePaused = await lease(queue, 5, 'refresh_profile');
  const [listed] = JSON.parse((await project.run('flows', 'ls', '--json')).stdout);
  const retried = await project.run('tasks', 'retry', '--flow', 'refresh_profile', '--since', '1h');
  const resumed = await project.run('flows', 'resume', 'refresh_profile');
  const unclear = await project.run('tasks', 'retry');
  const wrongId = await project.run('tasks', 'cancel', 'abc');

  assert.match(stats.stdout, /refresh_profile +1 +\S+ m?s +0 +0 +1 +\S+ +1 +0 +0/);
  const { oldest_due_ms, per_minute, ...plain } = counts;
  assert.deepEqual(plain, {
    flow: 'refresh_profile',
    due: 1,
    later: 0,
    processing: 0,
    complete: 1,
    failed: 1,
    expired: 0,
    cancelled: 0,
    paused_at: null,
  });
  assert.ok(oldest_due_ms > 0 && per_minute > 0);
  assert.match(shown.stdout, /attempt 1 +\S+ HTTP_STATUS: the API answered 500 \(flows\/refresh_profile\.yaml:3:1\)/);
  assert.match(none.stderr, /TASK_NOT_FOUND/);
  assert.equal(none.exitCode, 1);
  assert.match(paused.stdout, /^paused: refresh_profile/);
  assert.deepEqual(whilePaused, []);
  assert.deepEqual([listed.workers, listed.due, typeof listed.paused_at], [3, 1, 'string']);
  assert.match(retried.stdout, /^1 queued again/);
  assert.match(resumed.stdout, /^resumed: refresh_profile/);
  assert.equal((await lease(queue, 5, 'refresh_profile')).length, 2);
  assert.deepEqual([unclear.exitCode, wrongId.exitCode], [2, 2]);
});
