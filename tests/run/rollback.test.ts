import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../framework/foundation/clock.ts';
import type { ModelNode } from '../../framework/manifest/manifest.ts';
import { rollbackNode } from '../../framework/run/rollback-node.ts';
import { type ScratchProject, scratchProject } from '../support/scratch-project.ts';
import { silentLog } from '../support/warehouse.ts';

test('a rollback brings the previous rows back, and another the later ones', async () => {
  await using project = await publishedTwice('');

  await rollback(project);
  const afterOne = await project.query('select n from @.m');
  await rollback(project);
  const afterTwo = await project.query('select n from @.m');

  assert.deepEqual([afterOne, afterTwo], [[{ n: 1 }], [{ n: 2 }]]);
  assert.equal((await project.staging()).length, 1);
});

test('a rolled-back version survives the sweep of the next run', async () => {
  await using project = await publishedTwice('');
  await rollback(project);

  await project.write({ 'models/other.sql': 'select 1 as n' });
  await project.run('run', { only: ['other'] });
  await rollback(project);

  assert.deepEqual(await project.query('select n from @.m'), [{ n: 2 }]);
});

test('retain says how many previous versions there are to go back to', async () => {
  await using project = await publishedTwice('retain=2');

  await project.run('run');
  await project.run('run');

  assert.equal((await project.staging()).length, 2);
});

test('without a kept version there is nothing to roll back to', async () => {
  await using project = await publishedTwice('retain=0');

  await assert.rejects(rollback(project), { code: 'ROLLBACK_IMPOSSIBLE' });
  assert.deepEqual(await project.staging(), []);
  assert.deepEqual(await project.query('select n from @.m'), [{ n: 2 }]);
});

test('a table that gccflow had not made can be brought back', async () => {
  await using project = await scratchProject({ 'models/m.sql': '{{config materialized="table"}}\nselect 2 as n' });
  await project.execute('create table @.m (n UInt8) engine = Memory');
  await project.execute('insert into @.m values (1)');
  await project.run('run');

  await rollback(project);

  assert.deepEqual(await project.query('select n from @.m'), [{ n: 1 }]);
});

async function publishedTwice(config: string): Promise<ScratchProject> {
  const project = await scratchProject({ 'models/m.sql': `{{config materialized="table" ${config}}}\nselect 1 as n` });
  await project.run('run');
  await project.write({ 'models/m.sql': `{{config materialized="table" ${config}}}\nselect 2 as n` });
  await project.run('run');
  return project;
}

async function rollback(project: ScratchProject): Promise<void> {
  const { manifest } = await project.plan('run');
  const node = manifest.nodes.get('model.m') as ModelNode;
  const signal = new AbortController().signal;
  await rollbackNode(node, { warehouse: project.warehouse, clock: systemClock, log: silentLog, signal, waitLockMs: 0 });
}
