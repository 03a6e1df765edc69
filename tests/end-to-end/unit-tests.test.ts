import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFolder, runCli } from '../support/cli.ts';

/** A project whose only warehouse cannot be reached. */
const offline: Readonly<Record<string, string>> = {
  'project.yaml': `name: shop\ntargets:\n  prod: { warehouse: { type: clickhouse, url: 'http://127.0.0.1:1', database: dbt } }\n`,
  'models/a.sql': "select 1 as id, 'x' as name",
  'models/b.sql': 'select id * 2 as twice, upper(name) as name from {{ref "a"}}',
  'models/m.yaml': `kind: models
models: [{ name: b, columns: [{ name: twice, tests: [not_null] }] }]
unit_tests:
  - name: doubles
    model: b
    given: [{ input: a, rows: [{ id: 1, name: a }, { id: 5, name: e }] }]
    expect: { rows: [{ twice: 2, name: A }, { twice: 11, name: E }] }
    config: { tags: [figures] }
  - name: fine
    model: b
    given: [{ input: a, rows: [{ id: 1 }] }]
    expect: { rows: [{ twice: 2 }] }
`,
};

const statuses = (dir: string): readonly (readonly [string, string, number | null])[] => {
  const { results } = JSON.parse(readFileSync(join(dir, 'target/run_results.json'), 'utf8')) as {
    results: { unique_id: string; status: string; failures: number | null }[];
  };
  return results.map(({ unique_id, status, failures }) => [unique_id, status, failures]);
};

test('unit tests run without a warehouse, and show the rows that differ', async () => {
  using project = projectFolder(offline);

  const { exitCode, stdout, stderr } = await runCli(['test', '--select', 'test_type:unit'], { cwd: project.dir });

  assert.equal(exitCode, 1);
  assert.match(stdout, /^fail {7}unit_test\.b\.doubles {2}1 .*\npass {7}unit_test\.b\.fine .*\n\n1 ok, 1 failed in /);
  assert.equal(
    stderr,
    `
unit_test.b.doubles
error[UNIT_TEST_FAILED]: The unit test 'doubles' got other rows of 'b' than it expects: 1 different.
            twice  name
  expected  11     E
  got       10     E
            ^^
  --> models/m.yaml:4:11
4 |   - name: doubles
  |           ^
`,
  );
  assert.deepEqual(statuses(project.dir), [
    ['unit_test.shop.b.doubles', 'fail', 1],
    ['unit_test.shop.b.fine', 'pass', 0],
  ]);
});

test('a unit test that failed is run again by retry, with what was mended', async () => {
  using project = projectFolder(offline);
  await runCli(['test', '--select', 'test_type:unit'], { cwd: project.dir });
  project.write({ 'models/b.sql': 'select if(id = 5, 11, id * 2) as twice, upper(name) as name from {{ref "a"}}' });

  const { exitCode } = await runCli(['retry'], { cwd: project.dir });

  assert.equal(exitCode, 0);
  assert.deepEqual(statuses(project.dir), [['unit_test.shop.b.doubles', 'pass', 0]]);
});

test('unit tests are listed and picked by type, name, tag and model; a build does not run them', async () => {
  using project = projectFolder({ ...offline, 'project.yaml': 'name: shop\ntargets: { dev: {} }\n' });
  const ls = async (...args: string[]): Promise<string> =>
    (await runCli(['ls', '--output', 'name', ...args], { cwd: project.dir })).stdout.trim().replaceAll('\n', ' ');

  const lists = await Promise.all([
    ls('-s', 'resource_type:unit_test'),
    ls('-s', 'unit_test:f*'),
    ls('-s', 'tag:figures'),
    ls('-s', 'b', '--resource-type', 'unit_test'),
    ls('-s', 'test_type:generic'),
  ]);
  const built = await runCli(['build'], { cwd: project.dir });
  const tested = await runCli(['test', '-s', 'b', '--exclude', 'unit_test:doubles'], { cwd: project.dir });

  assert.deepEqual(lists, ['doubles fine', 'fine', 'doubles', 'doubles fine', 'not_null_b_twice']);
  assert.equal(built.exitCode, 0);
  assert.doesNotMatch(built.stdout, /unit_test/);
  assert.equal(tested.exitCode, 0);
  assert.match(tested.stdout, /^pass {7}unit_test\.b\.fine .*\npass {7}test\.not_null_b_twice/);
});

test('--fail-fast ends before the warehouse is opened', async () => {
  using project = projectFolder(offline);

  const { exitCode, stderr } = await runCli(['test', '-x'], { cwd: project.dir });

  assert.equal(exitCode, 1);
  assert.doesNotMatch(stderr, /WAREHOUSE_UNREACHABLE/);
  assert.deepEqual(statuses(project.dir).at(-1)?.[1], 'skipped');
});

test('a check runs unit tests as well, and again only what could come out otherwise', async () => {
  using project = projectFolder(offline);
  const check = () => runCli(['check', '--json'], { cwd: project.dir });
  const codes = ({ stdout }: { readonly stdout: string }): string[] =>
    JSON.parse(stdout).map(({ code, node }: { code: string; node: string }) => `${code} ${node}`);

  const [first, again] = [await check(), await check()];
  project.write({ 'models/b.sql': 'select if(id = 5, 11, id * 2) as twice, upper(name) as name from {{ref "a"}}' });
  const mended = await check();
  project.write({ 'models/b.sql': 'select id + 1 as twice, upper(name) as name from {{ref "a"}}' });
  const broken = await check();

  assert.deepEqual([first, again].map(codes), [['UNIT_TEST_FAILED unit_test.b.doubles'], ['UNIT_TEST_FAILED unit_test.b.doubles']]);
  assert.deepEqual(codes(mended), []);
  assert.equal(codes(broken).length, 1);
});
