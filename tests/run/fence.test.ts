import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratchProject } from '../support/scratch-project.ts';
import { watchWarehouse } from '../support/watched-warehouse.ts';

const model = { 'models/m.sql': '{{config materialized="incremental" order_by="n"}}\nselect toUInt32(count()) as n from {{this}}' };
const first = { 'models/m.sql': '{{config materialized="incremental" order_by="n"}}\nselect toUInt32(0) as n' };

test('rows that somebody else adds while the stage is written are not lost: the stage is made again', async () => {
  await using project = await scratchProject(first);
  await project.run('run');
  await project.write(model);
  let writes = 0;
  const warehouse = watchWarehouse(project.warehouse, {
    after: async (sql) => {
      if (/clone as/.test(sql) && writes++ === 0) await project.execute('insert into @.m values (100)');
    },
  });

  const { status } = await project.run('run', { deps: { warehouse } });

  assert.equal(status, 'success');
  assert.deepEqual(await project.query('select n from @.m order by n'), [{ n: 0 }, { n: 2 }, { n: 100 }]);
});

test('a row that slips in just before the exchange is not lost either', async () => {
  await using project = await scratchProject(first);
  await project.run('run');
  await project.write(model);
  let writes = 0;
  const warehouse = watchWarehouse(project.warehouse, {
    before: async (sql) => {
      if (/exchange tables/.test(sql) && writes++ === 0) await project.execute('insert into @.m values (100)');
    },
  });

  const { status } = await project.run('run', { deps: { warehouse } });

  assert.equal(status, 'success');
  assert.deepEqual(await project.query('select n from @.m order by n'), [{ n: 0 }, { n: 2 }, { n: 100 }]);
});

test('a writer that does not stop breaks the fence, and its rows stay', async () => {
  await using project = await scratchProject(first);
  await project.run('run');
  await project.write(model);
  const warehouse = watchWarehouse(project.warehouse, {
    after: async (sql) => {
      if (/clone as/.test(sql)) await project.execute('insert into @.m values (100)');
    },
  });

  const { nodes } = await project.run('run', { deps: { warehouse } });

  assert.equal(nodes[0]?.error?.code, 'FENCE_BROKEN');
  assert.equal((await project.query('select n from @.m')).length, 4);
  assert.deepEqual(await project.staging(), []);
});

test('a mutation of the live table trips the fence', async () => {
  await using project = await scratchProject(first);
  await project.run('run');
  await project.execute('insert into @.m values (50)');
  await project.write(model);
  let writes = 0;
  const warehouse = watchWarehouse(project.warehouse, {
    after: async (sql) => {
      if (/clone as/.test(sql) && writes++ === 0) await project.execute('alter table @.m delete where n = 50');
    },
  });

  await project.run('run', { deps: { warehouse } });

  assert.deepEqual(await project.query('select n from @.m order by n'), [{ n: 0 }, { n: 1 }]);
});

test('a merge of the live table does not trip the fence', async () => {
  await using project = await scratchProject(first);
  await project.run('run');
  await project.execute('insert into @.m values (7)');
  await project.write(model);
  let clones = 0;
  const warehouse = watchWarehouse(project.warehouse, {
    after: async (sql) => {
      if (!/clone as/.test(sql)) return;
      clones += 1;
      await project.execute('optimize table @.m final');
    },
  });

  const { status } = await project.run('run', { deps: { warehouse } });

  assert.equal(status, 'success');
  assert.equal(clones, 1);
  assert.deepEqual(await project.query('select n from @.m order by n'), [{ n: 0 }, { n: 2 }, { n: 7 }]);
});
