import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ScratchProject, scratchProject } from '../support/scratch-project.ts';

test('new, gone and retyped columns are named and the table is untouched by default', async () => {
  await using project = await changedProject('', `select '2' as a, 3 as c`);

  const { nodes } = await project.run('run');

  assert.equal(nodes[0]?.error?.code, 'SCHEMA_CHANGED');
  assert.match(nodes[0]?.message ?? '', /'c' \(UInt8\) is new; 'b' \(UInt8\) is gone; 'a' was UInt8 and is String/);
  assert.deepEqual(await project.query('select * from @.m'), [{ a: 1, b: 2 }]);
  assert.deepEqual(await project.staging(), []);
});

test('ignore puts in the columns that the table has', async () => {
  await using project = await changedProject('on_schema_change="ignore"', 'select 3 as c, 5 as a');

  const { status } = await project.run('run');

  assert.equal(status, 'success');
  assert.deepEqual(await project.query('select * from @.m order by a'), [
    { a: 1, b: 2 },
    { a: 5, b: 0 },
  ]);
});

test('append_new_columns adds what is new and refuses a change of type', async () => {
  await using project = await changedProject('on_schema_change="append_new_columns"', 'select 5 as a, 6 as c');

  const added = await project.run('run');
  await project.write({ 'models/m.sql': `${config('on_schema_change="append_new_columns"')}select 'x' as a` });
  const retyped = await project.run('run');

  assert.equal(added.status, 'success');
  assert.deepEqual(await project.query('select * from @.m order by a'), [
    { a: 1, b: 2, c: 0 },
    { a: 5, b: 0, c: 6 },
  ]);
  assert.equal(retyped.nodes[0]?.error?.code, 'SCHEMA_CHANGED');
});

test('sync_all_columns adds, drops and retypes on the clone', async () => {
  await using project = await changedProject('on_schema_change="sync_all_columns"', `select '5' as a, 6 as c`);

  const { status } = await project.run('run');

  assert.equal(status, 'success');
  assert.deepEqual(await project.query('select * from @.m order by a'), [
    { a: '1', c: 0 },
    { a: '5', c: 6 },
  ]);
});

const config = (more: string): string => `{{config materialized="incremental" ${more}}}\n`;

/** A model that was published with `a, b` and now selects something else. */
async function changedProject(more: string, sql: string): Promise<ScratchProject> {
  const project = await scratchProject({ 'models/m.sql': `${config(more)}select 1 as a, 2 as b` });
  await project.run('run');
  await project.write({ 'models/m.sql': `${config(more)}${sql}` });
  return project;
}
