import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFolder, runCli, smallProject } from '../support/cli.ts';

test('build prints a line a node and the totals on stdout, and progress with times on stderr', async () => {
  using project = projectFolder(smallProject);

  const { exitCode, stdout, stderr } = await runCli(['build'], { cwd: project.dir });

  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^ok +model\.stg_number +10 +\d+/m);
  assert.match(stdout, /^pass +test\.unique_mart_number_id /m);
  assert.match(stdout, /^4 ok in /m);
  assert.match(stderr, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ start model\.stg_number$/m);
  assert.match(stderr, /^\S+Z \[4\/4\] pass test\.\S+ in /m);
});

test('a failing test keeps the old rows, shows its query, skips what depends on it and exits 1', async () => {
  using project = projectFolder({
    ...smallProject,
    'models/end_number.sql': '{{config materialized="table"}}\nselect * from {{ref "mart_number"}}\n',
  });
  await runCli(['build', '--quiet'], { cwd: project.dir });
  project.write({ 'models/staging/stg_number.sql': '{{config materialized="table"}}\nselect 7 as id from numbers(3)\n' });

  const { exitCode, stdout, stderr } = await runCli(['build'], { cwd: project.dir });
  const shown = await runCli(['show', '--inline', 'select count() as n from {{ref "mart_number"}}', '--json'], { cwd: project.dir });

  assert.equal(exitCode, 1);
  assert.match(stdout, /^error +model\.mart_number /m);
  assert.match(stdout, /^fail +test\.unique_mart_number_id +1 +.*1 failing row$/m);
  assert.match(stdout, /^skipped +model\.end_number .*model\.mart_number/m);
  assert.match(stdout, /^2 ok, 2 failed, 1 skipped in /m);
  assert.match(
    stderr,
    /^error\[TEST_FAILED\]: The test 'unique_mart_number_id' found 1 failing row\.\n {2}--> models\/models\.yaml:5:\d+\n(.*\n)+ {2}hint: This query shows them:\n +select/m,
  );
  assert.deepEqual(JSON.parse(shown.stdout), [{ n: 10 }]);
});

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

test('--quiet prints nothing but errors', async () => {
  using project = projectFolder({ ...smallProject, 'models/bad.sql': 'select nothing_of_the_kind\n' });

  const { exitCode, stdout, stderr } = await runCli(['run', '-q'], { cwd: project.dir });

  assert.equal(exitCode, 1);
  assert.equal(stdout, '');
  assert.match(stderr.trimStart(), /^error\[WAREHOUSE_QUERY\]/);
  assert.doesNotMatch(stderr, /start model/);
});

test('--log-format json writes one object a line', async () => {
  using project = projectFolder(smallProject);

  const { stdout, stderr } = await runCli(['run', '--log-format', 'json'], { cwd: project.dir });

  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(stdout, '');
  assert.deepEqual(
    lines.map(({ msg, node }) => [msg, node]),
    [
      ['node started', 'model.stg_number'],
      ['node finished', 'model.stg_number'],
      ['node started', 'model.mart_number'],
      ['node finished', 'model.mart_number'],
      ['run finished', undefined],
    ],
  );
  assert.deepEqual([lines[1].status, lines[1].rows, lines[1].done, lines[1].total], ['success', 10, 1, 2]);
});

test('plan prints statements and reasons and changes nothing', async () => {
  using project = projectFolder(smallProject);

  const { exitCode, stdout } = await runCli(['plan', '-s', 'stg_number'], { cwd: project.dir });
  const shown = await runCli(['show', 'stg_number'], { cwd: project.dir });

  assert.equal(exitCode, 0);
  assert.match(stdout, /^model\.stg_number .*\n {2}why: .*\n(.*\n)* {2}insert into/);
  assert.equal(shown.exitCode, 1);
  assert.match(shown.stderr, /^error\[WAREHOUSE_QUERY\]/);
});

test('compile prints the SQL of a selection and writes all of it', async () => {
  using project = projectFolder(smallProject);

  const one = await runCli(['compile', '-s', 'mart_number', '--resource-type', 'model'], { cwd: project.dir });
  const all = await runCli(['compile'], { cwd: project.dir });

  assert.equal(one.stdout, '-- model.mart_number\nselect id, id * 2 as twice from `dbt`.`stg_number`\n');
  assert.equal(all.stdout, '');
  const compiled = join(project.dir, 'target/compiled/small/models/marts/mart_number.sql');
  assert.equal(readFileSync(compiled, 'utf8'), 'select id, id * 2 as twice from `dbt`.`stg_number`\n');
});

test('clean removes what can be made again and leaves the data', async () => {
  using project = projectFolder(smallProject);
  await runCli(['run', '-q'], { cwd: project.dir });

  await runCli(['clean'], { cwd: project.dir });

  assert.deepEqual(
    ['target', '.gccflow/cache', '.gccflow/warehouse'].map((name) => existsSync(join(project.dir, name))),
    [false, false, true],
  );
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

test('result: selects by the last run', async () => {
  using project = projectFolder({ ...smallProject, 'models/bad.sql': '{{config materialized="table"}}\nselect nothing_of_the_kind\n' });
  await runCli(['run', '-q'], { cwd: project.dir });

  const { stdout } = await runCli(['ls', '-s', 'result:error', '--output', 'name'], { cwd: project.dir });

  assert.equal(stdout, 'bad\n');
});
