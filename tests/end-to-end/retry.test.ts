import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectFolder, runCli, smallProject } from '../support/cli.ts';

test('retry runs what failed or was skipped, with the tests of it, and then finds nothing to do', async () => {
  using project = projectFolder(smallProject);
  const good = smallProject['models/marts/mart_number.sql'] as string;
  project.write({ 'models/marts/mart_number.sql': 'select id, oops from {{ref "stg_number"}}\n' });
  const failed = await runCli(['build', '--vars', '{unused: 1}'], { cwd: project.dir });
  project.write({ 'models/marts/mart_number.sql': good });

  const retried = await runCli(['retry', '--json'], { cwd: project.dir });
  const again = await runCli(['retry'], { cwd: project.dir });

  assert.equal(failed.exitCode, 1);
  assert.match(failed.stderr, /error\[WAREHOUSE_QUERY\]: .*oops/);
  assert.equal(retried.exitCode, 0, retried.stderr);
  const { command, nodes } = JSON.parse(retried.stdout);
  assert.equal(command, 'build');
  assert.deepEqual(nodes.map(({ node }: { node: string }) => node).sort(), [
    'model.mart_number',
    'test.not_null_mart_number_id',
    'test.unique_mart_number_id',
  ]);
  assert.deepEqual([again.exitCode, again.stderr], [0, 'Nothing failed in the last run, nothing is done.\n']);
});

test('retry without an earlier run says what to do', async () => {
  using project = projectFolder(smallProject);

  const { exitCode, stderr } = await runCli(['retry'], { cwd: project.dir });

  assert.equal(exitCode, 1);
  assert.match(stderr, /^error\[ARTIFACT_MISSING\]: .*\n {2}hint: Run or build first/);
});

test('rollback brings the previous rows back, and a second one undoes it', async () => {
  using project = projectFolder(smallProject);
  const count = async () =>
    JSON.parse((await runCli(['show', 'stg_number', '--json', '--limit', '100'], { cwd: project.dir })).stdout).length;
  await runCli(['run', '-s', 'stg_number'], { cwd: project.dir });
  project.write({ 'models/staging/stg_number.sql': '{{config materialized="table"}}\nselect number as id from numbers(4)\n' });
  await runCli(['run', '-s', 'stg_number'], { cwd: project.dir });

  const first = await runCli(['rollback', 'stg_number'], { cwd: project.dir });
  const afterFirst = await count();
  await runCli(['rollback', 'stg_number'], { cwd: project.dir });
  const afterSecond = await count();

  assert.match(first.stdout, /^`dbt`\.`stg_number` is publication \S+ again; \S+ is kept for another rollback\n$/);
  assert.deepEqual([first.exitCode, afterFirst, afterSecond], [0, 10, 4]);
});

test('retry takes over target and vars, and asks again for what was masked', async () => {
  using project = projectFolder({
    ...smallProject,
    'models/marts/mart_number.sql':
      '{{config materialized="table"}}\nselect throwIf({{var "fail"}}, \'told to\') as id, \'{{var "api_token" default=""}}\' as token\n',
  });
  await runCli(['run', '--vars', '{fail: 1}'], { cwd: project.dir });
  const again = await runCli(['retry', '--json'], { cwd: project.dir });
  const given = await runCli(['retry', '--json', '--vars', '{fail: 0, api_token: t0ken}'], { cwd: project.dir });
  await runCli(['run', '--vars', '{fail: 1, api_token: t0ken}', '--full-refresh'], { cwd: project.dir });

  const masked = await runCli(['retry'], { cwd: project.dir });

  assert.deepEqual([again.exitCode, given.exitCode], [1, 0]);
  assert.match(masked.stderr, /^error\[USAGE\]: The last run had a secret among its vars/);
});
