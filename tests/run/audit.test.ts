import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ProjectFiles, type ScratchProject, scratchProject } from '../support/scratch-project.ts';

test('a failing test leaves the old table, holds the stage for a look, and skips what is below', async () => {
  await using project = await auditedProject('1');
  await project.run('build');
  await project.write({ 'models/a.sql': table('select toInt32(-1) as n') });

  const { status, nodes } = await project.run('build');

  assert.equal(status, 'error');
  assert.deepEqual(
    nodes.map(({ node, status }) => [node, status]),
    [
      ['model.a', 'error'],
      ['test.positive', 'fail'],
      ['model.b', 'skipped'],
    ],
  );
  assert.deepEqual(await project.query('select n from @.a'), [{ n: 1 }]);
  const held = /`_gccflow`\.`(\w+)`/.exec(nodes.find(({ node }) => node === 'model.a')?.error?.hint ?? '')?.[1];
  assert.deepEqual(await project.query(`select n from _gccflow.${held}`), [{ n: -1 }]);
});

test('the stage of a failed test is swept when its model is built again, and not before', async () => {
  await using project = await auditedProject('-1');
  await project.run('build');
  const [held] = await project.staging();

  await project.run('build', { only: ['b'] });
  const meanwhile = await project.staging();
  await project.write({ 'models/a.sql': table('select toInt32(1) as n') });
  await project.run('build');

  assert.ok(held !== undefined && meanwhile.includes(held));
  assert.ok(!(await project.staging()).includes(held));
});

test('a test of severity warn does not stop the publication', async () => {
  await using project = await auditedProject('-1', {
    'tests/data/positive.sql': '{{config severity="warn"}}\nselect * from {{ref "a"}} where n < 0',
  });

  const { status, nodes } = await project.run('build');

  assert.equal(status, 'success');
  assert.equal(nodes.find(({ node }) => node === 'test.positive')?.status, 'warn');
  assert.deepEqual(await project.query('select n from @.a'), [{ n: -1 }]);
});

test('run publishes without tests, and test looks at what is published', async () => {
  await using project = await auditedProject('-1');

  const run = await project.run('run');
  const tested = await project.run('test');

  assert.equal(run.status, 'success');
  assert.deepEqual(
    tested.nodes.map(({ node, status, failures }) => [node, status, failures]),
    [['test.positive', 'fail', 1]],
  );
});

test('a test of two models runs on the stage of the later one', async () => {
  await using project = await scratchProject({
    'models/a.sql': table('select 1 as n'),
    'models/b.sql': table('select n + 1 as n from {{ref "a"}}'),
    'tests/data/follows.sql': 'select * from {{ref "b"}} where n not in (select n + 1 from {{ref "a"}})',
  });
  await project.run('build');
  await project.write({ 'models/b.sql': table('select n + 2 as n from {{ref "a"}}') });

  const { nodes } = await project.run('build');

  assert.equal(nodes.find(({ node }) => node === 'model.b')?.error?.code, 'TEST_FAILED');
  assert.deepEqual(await project.query('select n from @.b'), [{ n: 2 }]);
});

function auditedProject(value: string, files: ProjectFiles = {}): Promise<ScratchProject> {
  return scratchProject({
    'models/a.sql': table(`select toInt32(${value}) as n`),
    'models/b.sql': table('select n from {{ref "a"}}'),
    'tests/data/positive.sql': 'select * from {{ref "a"}} where n < 0',
    ...files,
  });
}

function table(sql: string): string {
  return `{{config materialized="table"}}\n${sql}`;
}
