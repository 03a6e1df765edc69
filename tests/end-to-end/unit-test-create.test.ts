import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFolder, runCli } from '../support/cli.ts';

const project: Readonly<Record<string, string>> = {
  'project.yaml': 'name: live\ntargets: { dev: {} }\n',
  'sources/seeds/grp.csv': 'id,name\n1,A\n2,"B, c"\n3,C\n',
  'models/post.sql': `{{config materialized="table" order_by="post_id"}}
select toUInt64(number + 18446744073709551000) as post_id, toUInt8(number % 3) as id, toDecimal64(number, 2) / 7 as price,
    if(number = 1, null, concat('t', toString(number))) as title, [number] as list, map('k', number) as m, 'x' as not_read
from numbers(100)`,
  'models/mart.sql': `select post.post_id as post_id, grp.name as name, price, title, list, m, now() > '2020-01-01' as late
from {{ref "post"}} as post left join {{ref "grp"}} as grp on grp.id = post.id`,
};

test('a unit test is written from live rows, with the rows that the join needs, and passes', async () => {
  using folder = projectFolder(project);
  const run = (...args: string[]) => runCli(args, { cwd: folder.dir });
  await run('build');

  const created = await run('unit-test', 'create', 'mart', '--rows', '3');
  const text = readFileSync(join(folder.dir, 'models/mart.unit-tests.yaml'), 'utf8');
  const again = await run('unit-test', 'create', 'mart', '--rows', '1');
  const tested = await run('test', '-s', 'test_type:unit');

  assert.equal(created.stdout, 'models/mart.unit-tests.yaml\n', created.stderr);
  assert.match(
    text,
    /^kind: models\nunit_tests:\n {2}- name: live_rows\n {4}model: mart\n {4}overrides: \{ now: \d{4}-\d\d-\d\dT[\d:]+Z \}\n/,
  );
  assert.match(text, /- \{ post_id: 18446744073709551001, id: 1, price: 0\.14, title: null, list: \[1\], m: \{"k":1\} \}/);
  assert.match(text, /input: '\{\{ref "grp"\}\}'\n {8}rows:\n {10}- \{ id: 1, name: A \}\n {10}- \{ id: 2, name: "B, c" \}\n {4}expect:/);
  assert.doesNotMatch(text, /not_read/);
  assert.equal(again.stdout, 'models/mart.unit-tests.yaml\n');
  assert.ok(readFileSync(join(folder.dir, 'models/mart.unit-tests.yaml'), 'utf8').startsWith(text));
  assert.equal(tested.exitCode, 0, tested.stdout + tested.stderr);
  assert.match(tested.stdout, /live_rows .*\n.*live_rows_2 .*\n\n2 ok/);
});

test('what stands beside the model is never written over', async () => {
  const others = '# mine\nkind: models\nunit_tests: []\nexposures: []\n';
  using folder = projectFolder({ ...project, 'models/post.unit-tests.yaml': others });
  const run = (...args: string[]) => runCli(args, { cwd: folder.dir });
  await run('build', '-s', 'post');

  const created = await run('unit-test', 'create', 'post', '--name', 'mine');
  const taken = await run('unit-test', 'create', 'post', '--name', 'mine');
  const unbuilt = await run('unit-test', 'create', 'mart');
  const unknown = await run('unit-test', 'create', 'marts');

  assert.equal(created.stdout, 'models/post.unit-tests-2.yaml\n', created.stderr);
  assert.equal(readFileSync(join(folder.dir, 'models/post.unit-tests.yaml'), 'utf8'), others);
  assert.match(taken.stderr, /error\[NAME_DUPLICATE\]: The model 'post' has a unit test 'mine'/);
  assert.match(unbuilt.stderr, /error\[WAREHOUSE_QUERY\]/);
  assert.equal(unknown.exitCode, 2);
  assert.deepEqual(readdirSync(join(folder.dir, 'models')).toSorted(), [
    'mart.sql',
    'post.sql',
    'post.unit-tests-2.yaml',
    'post.unit-tests.yaml',
  ]);
});
