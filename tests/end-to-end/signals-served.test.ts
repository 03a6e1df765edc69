import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type CliRun, type ProjectFolder, projectFolder, runCli, smallProject, startCli } from '../support/cli.ts';
import { type MuteServer, muteServer } from '../support/mute-server.ts';

interface Served extends AsyncDisposable {
  readonly child: ReturnType<typeof startCli>['child'];
  readonly ended: Promise<CliRun>;
  readonly endpointFile: string;
  readonly ask: (sql: string) => Promise<string>;
}

/** `warehouse serve` of the project, ended when disposed. */
async function serve({ dir }: ProjectFolder): Promise<Served> {
  const { child, ended } = startCli(['warehouse', 'serve'], { cwd: dir });
  await Promise.race([once(child.stdout ?? assert.fail(), 'data'), ended.then(({ stderr }) => assert.fail(stderr))]);
  const endpointFile = join(dir, '.gccflow/warehouse.endpoint.json');
  const { url, user, password } = JSON.parse(readFileSync(endpointFile, 'utf8')) as Record<'url' | 'user' | 'password', string>;
  const ask = async (sql: string): Promise<string> => {
    const answer = await fetch(url, { method: 'POST', headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password }, body: sql });
    return answer.text();
  };
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  return { child, ended, endpointFile, ask, [Symbol.asyncDispose]: stop };
}

/** How many statements run that hold the text. */
async function running({ ask }: Served, text: string): Promise<number> {
  return Number(await ask(`select count() from system.processes where position(query, '${text}') > 0 and position(query, 'own look') = 0`));
}

async function untilRunning(served: Served, text: string, many: number): Promise<void> {
  for (const deadline = performance.now() + 20_000; (await running(served, text)) !== many; await pause(10)) {
    assert.ok(performance.now() < deadline, `statements with '${text}' are not ${many}`);
  }
}

/** The live table is there already; its next version takes a minute. */
const slowAgain = {
  'models/marts/mart_number.sql':
    '{{config materialized="table" query_settings=(map max_block_size=1)}}\nselect number as id, sleepEachRow(0.1) as twice from numbers(600) where number >= (select min(id) from {{ref "stg_number"}})\n',
};
const slowText = 'sleepEachRow(0.1)';

async function builtProject(): Promise<{ readonly project: ProjectFolder; readonly served: Served } & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const project = opening.use(projectFolder(smallProject));
  const served = opening.use(await serve(project));
  const built = await runCli(['build', '-q'], { cwd: project.dir });
  assert.equal(built.exitCode, 0, built.stderr);
  project.write(slowAgain);
  const open = opening.move();
  return { project, served, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

for (const command of ['build', 'run']) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} ends a ${command} on a served warehouse: its statement is killed there, artifacts are written, the tables are whole`, async () => {
      await using built = await builtProject();
      const { project, served } = built;
      const { child, ended } = startCli([command], { cwd: project.dir });
      await untilRunning(served, slowText, 1);

      const begun = performance.now();
      child.kill(signal);
      const run = await ended;
      const tookMs = performance.now() - begun;
      const left = await running(served, slowText);

      assert.deepEqual([run.exitCode, run.signal], [null, signal], run.stderr);
      assert.ok(tookMs < 8000, `it took ${tookMs} ms`);
      assert.equal(left, 0);
      assert.match(run.stdout, /^cancelled +model\.mart_number /m);
      const { results } = JSON.parse(readFileSync(join(project.dir, 'target/run_results.json'), 'utf8'));
      assert.equal(results.find((result: { unique_id: string }) => result.unique_id.endsWith('.mart_number')).status, 'skipped');
      assert.equal(await served.ask('select count(), sum(twice) from dbt.mart_number'), '10\t90\n');
      assert.equal(
        await served.ask(`select count() from system.tables where database = '_gccflow' and startsWith(name, 'mart_number__')`),
        '0\n',
      );
    });
  }
}

test('a second signal ends a build on a served warehouse at once, and the next build publishes', async () => {
  await using built = await builtProject();
  const { project, served } = built;
  const { child, ended } = startCli(['build'], { cwd: project.dir });
  await untilRunning(served, slowText, 1);

  child.kill('SIGINT');
  await once(child.stderr ?? assert.fail(), 'data');
  const begun = performance.now();
  child.kill('SIGTERM');
  const run = await ended;
  const tookMs = performance.now() - begun;
  project.write(smallProject);
  const again = await runCli(['build', '-q', '--wait-lock', '1m'], { cwd: project.dir });

  assert.ok(run.signal === 'SIGTERM' || run.signal === 'SIGINT', run.stderr);
  assert.ok(tookMs < 2000, `it took ${tookMs} ms`);
  assert.equal(again.exitCode, 0, again.stderr);
  assert.equal(await served.ask('select count(), sum(twice) from dbt.mart_number'), '10\t90\n');
});

test('warehouse serve ends on SIGTERM within seconds while statements run, which fail at their clients', async () => {
  await using built = await builtProject();
  const { project, served } = built;
  const build = startCli(['build'], { cwd: project.dir });
  await Promise.race([untilRunning(served, slowText, 1), build.ended.then(({ stderr }) => assert.fail(stderr))]);

  const begun = performance.now();
  served.child.kill('SIGTERM');
  const end = await served.ended;
  const tookMs = performance.now() - begun;
  const failed = await build.ended;
  project.write(smallProject);
  const again = await runCli(['build', '-q'], { cwd: project.dir });

  assert.deepEqual([end.exitCode, end.signal], [0, null], end.stderr);
  assert.ok(tookMs < 8000, `it took ${tookMs} ms`);
  assert.ok(!existsSync(served.endpointFile));
  assert.equal(failed.exitCode, 1, failed.stderr);
  assert.equal(again.exitCode, 0, again.stderr);
});

const waitFor = ({ port }: MuteServer): string => `select * from url('http://127.0.0.1:${port}/', 'LineAsString', 'line String')`;

test('warehouse serve ends by SIGTERM itself where a statement heeds no KILL QUERY', async () => {
  await using server = await muteServer();
  using project = projectFolder(smallProject);
  await using served = await serve(project);
  const broken = served.ask(waitFor(server));
  broken.catch(() => {}); // the server ends before it answers
  await server.reached;

  const begun = performance.now();
  served.child.kill('SIGTERM');
  const end = await served.ended;
  const tookMs = performance.now() - begun;

  assert.deepEqual([end.exitCode, end.signal], [null, 'SIGTERM'], end.stderr);
  assert.match(end.stderr, /warn ended by force/);
  assert.ok(tookMs < 20_000, `it took ${tookMs} ms`);
  assert.ok(!existsSync(served.endpointFile));
});
