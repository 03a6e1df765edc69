import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratchProject } from '../support/scratch-project.ts';
import { watchWarehouse } from '../support/watched-warehouse.ts';

const models = {
  'models/a.sql': '{{config materialized="table"}}\nselect 1 as n',
  'models/b.sql': '{{config materialized="table"}}\nselect 2 as n',
};

test('a run leaves the stages of another run alone while that one lives', async () => {
  await using project = await scratchProject(models);
  let others = 0;
  const warehouse = watchWarehouse(project.warehouse, {
    before: async (sql) => {
      if (!/rename table/.test(sql) || others > 0) return;
      others += 1;
      const other = await project.run('run', { only: ['b'] }); // sweeps while the stage of a stands
      assert.equal(other.status, 'success');
    },
  });

  const { status } = await project.run('run', { only: ['a'], deps: { warehouse } });

  assert.equal(others, 1);
  assert.equal(status, 'success');
  assert.deepEqual(await project.query('select n from @.a'), [{ n: 1 }]);
});

test('two runs of one node never interleave', async () => {
  await using project = await scratchProject(models);
  let refused: unknown;
  const warehouse = watchWarehouse(project.warehouse, {
    before: async (sql) => {
      if (/rename table/.test(sql)) refused = await project.run('run').catch((thrown: unknown) => thrown);
    },
  });

  await project.run('run', { only: ['a'], deps: { warehouse } });

  assert.equal((refused as { code?: string }).code, 'RUN_LOCKED');
});

test('a run that waited plans again, on what the other one published', async () => {
  await using project = await scratchProject({ 'models/a.sql': '{{config materialized="incremental"}}\nselect 1 as n' });
  let second: ReturnType<typeof project.run> | undefined;
  const waiting = Promise.withResolvers<void>();
  const warehouse = watchWarehouse(project.warehouse, {
    before: async (sql) => {
      if (!/rename table/.test(sql) || second) return;
      second = project.run('run', { deps: { waitLockMs: 60_000, onEvent: ({ kind }) => kind === 'waiting' && waiting.resolve() } });
      await waiting.promise;
    },
  });

  await project.run('run', { deps: { warehouse } });
  const { status } = (await second) ?? {};

  assert.equal(status, 'success');
  assert.deepEqual(await project.query('select n from @.a'), [{ n: 1 }, { n: 1 }]); // incremental: the first build was seen
});

test('what nobody of ours made is left in the staging database', async () => {
  await using project = await scratchProject(models);
  await project.run('run');
  await project.execute('create table _gccflow.somebody (n UInt8) engine = Memory');
  await project.execute(`create table _gccflow.a__00000000__00000000000000000000000000000000 (n UInt8) engine = Memory comment 'mine'`);

  await project.run('run');

  const staging = await project.staging();
  assert.ok(staging.includes('somebody'));
  assert.ok(staging.includes('a__00000000__00000000000000000000000000000000'));
});

test('a publication that the ledger lacks is added from the live table', async () => {
  await using project = await scratchProject(models);
  await project.run('run');
  await project.execute('truncate table _gccflow.publications');

  await project.run('run', { only: ['a'] });

  const events = await project.query('select event from _gccflow.publications order by published_at, event desc');
  assert.deepEqual(events, [{ event: 'repaired' }, { event: 'published' }]);
});
