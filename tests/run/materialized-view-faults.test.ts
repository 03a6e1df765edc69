import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WarehouseFault } from '../../framework/connections/warehouse.ts';
import { insertEvents, keepInserting, viewProject } from '../support/view-project.ts';
import { watchWarehouse } from '../support/watched-warehouse.ts';

test('a fault that passes while a view is filled doubles nothing, and no insert into the source fails', async () => {
  await using project = await viewProject();
  await insertEvents(project, 'a', 10);
  await insertEvents(project, 'b', 10);
  const writer = keepInserting(project);
  let faults = 0;
  const warehouse = watchWarehouse(project.warehouse, {
    after: (sql) => {
      if (!/insert into `_gccflow`\.\S+__rows/.test(sql) || faults++ > 0) return;
      throw new WarehouseFault('connection reset', { code: null, type: null, retriable: true }); // though its rows are there
    },
  });

  const { status } = await project.run('build', { deps: { warehouse } });
  const inserted = 20 + (await writer.stop());

  assert.equal(status, 'success');
  assert.equal(faults > 1, true);
  assert.deepEqual(await project.query('select sum(events) as n from @.m'), [{ n: `${inserted}` }]);
});

test('a run that is stopped while it waits for late rows leaves nothing, and nothing is fed', async () => {
  await using project = await viewProject();
  await project.write({
    'models/m.sql': `{{config materialized="materialized_view" engine="SummingMergeTree" order_by="kind" watermark="inserted_at" watermark_delay="10m"}}
select kind, count() as events, sum(value) as total from {{source "raw" "event"}} group by kind`,
  });
  const stop = new AbortController();
  const warehouse = watchWarehouse(project.warehouse, {
    after: (sql) => {
      if (sql.includes('create materialized view')) setTimeout(() => stop.abort(new Error('stopped by SIGINT')), 3000);
    },
  });

  const { status } = await project.run('build', { deps: { warehouse, signal: stop.signal } });
  await insertEvents(project, 'click', 1);

  assert.equal(status, 'cancelled');
  assert.deepEqual(await project.staging(), []);
});
