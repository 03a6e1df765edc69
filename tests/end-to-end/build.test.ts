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
    /^test\.unique_mart_number_id\nerror\[TEST_FAILED\]: The test 'unique_mart_number_id' found 1 failing row\.\n {2}--> models\/models\.yaml:5:\d+\n(.*\n)+ {2}hint: This query shows them:\n +select/m,
  );
  assert.deepEqual(JSON.parse(shown.stdout), [{ n: 10 }]);
});

test('--quiet prints nothing but errors', async () => {
  using project = projectFolder({ ...smallProject, 'models/bad.sql': 'select nothing_of_the_kind\n' });

  const { exitCode, stdout, stderr } = await runCli(['run', '-q'], { cwd: project.dir });

  assert.equal(exitCode, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^\nmodel\.bad\nerror\[WAREHOUSE_QUERY\]: .*\n {2}--> models\/bad\.sql:1:8\n/);
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
  assert.match(
    shown.stderr,
    /^error\[WAREHOUSE_QUERY\]: .*\n {2}--> models\/staging\/stg_number\.sql:1:1\n(.*\n)* {2}hint: Build it first: gccflow build --select '\+stg_number'\n$/,
  );
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

test('result: selects by the last run', async () => {
  using project = projectFolder({ ...smallProject, 'models/bad.sql': '{{config materialized="table"}}\nselect nothing_of_the_kind\n' });
  await runCli(['run', '-q'], { cwd: project.dir });

  const { stdout } = await runCli(['ls', '-s', 'result:error', '--output', 'name'], { cwd: project.dir });

  assert.equal(stdout, 'bad\n');
});

test('a warning shows a query of what is published; --quiet leaves it out', async () => {
  using project = projectFolder({
    ...smallProject,
    'models/models.yaml':
      'kind: models\nmodels:\n  - name: mart_number\n    columns:\n      - { name: twice, tests: [{ accepted_values: { values: [0], severity: warn } }] }\n',
  });

  const built = await runCli(['build'], { cwd: project.dir });
  const quiet = await runCli(['build', '-q'], { cwd: project.dir });

  const [, query = ''] = /warning: 9 failing rows; this query shows them:\n([\s\S]*?)\n*$/.exec(built.stderr) ?? [];
  const shown = await runCli(['show', '--json', '--inline', query], { cwd: project.dir });
  assert.match(query, /from `dbt`\.`mart_number`/);
  assert.deepEqual([shown.exitCode, JSON.parse(shown.stdout).length], [0, 9], shown.stderr);
  assert.deepEqual([quiet.exitCode, quiet.stdout, quiet.stderr], [0, '', '']);
});
