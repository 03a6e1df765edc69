import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intervalModel, intervalProject, memoryOf, startsOf } from '../support/interval-project.ts';
import { recordWarehouse } from '../support/watched-warehouse.ts';

test('the first run writes every interval from begin to now, and the next one the current interval and those it looks back on', async () => {
  await using project = await intervalProject('batch_size="day" begin="2024-02-27" lookback=1');
  await project.bring(['2024-02-26 23:59:59', 0], ['2024-02-27', 1], ['2024-02-29 12:00', 2], ['2024-03-01 09:00', 3]);

  const first = await project.runAt('2024-03-01T10:00:00Z');
  await project.bring(['2024-02-28 05:00', 4], ['2024-02-29 13:00', 5], ['2024-03-01 11:00', 6]);
  const second = await project.runAt('2024-03-01T12:00:00Z');

  assert.deepEqual(startsOf(first), ['2024-02-27', '2024-02-28', '2024-02-29', '2024-03-01']);
  assert.deepEqual(startsOf(second), ['2024-02-29', '2024-03-01']);
  assert.deepEqual(await project.ids(), [1, 2, 3, 5, 6]); // 4 came too late for a look-back of one day
  assert.deepEqual(await memoryOf(project), {
    whole: [{ start: '2024-02-27', end: '2024-03-01' }],
    open: [{ start: '2024-03-01', end: '2024-03-02' }],
  });
  assert.equal(second.nodes[0]?.message, '2 intervals: 2024-02-29 to 2024-03-02');
});

test('a run with nothing new leaves the same rows, and days without a run are made up for', async () => {
  await using project = await intervalProject('batch_size="day" begin="2024-01-01" lookback=0');
  await project.bring(['2024-01-01', 1], ['2024-01-02', 2]);
  await project.runAt('2024-01-02T12:00:00Z');

  const again = await project.runAt('2024-01-02T12:00:00Z');
  const rows = await project.ids();
  await project.bring(['2024-01-02 18:00', 3], ['2024-01-04', 4]);
  const later = await project.runAt('2024-01-05T01:00:00Z');

  assert.deepEqual([startsOf(again), rows], [['2024-01-02'], [1, 2]]);
  assert.deepEqual(startsOf(later), ['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05']);
  assert.deepEqual(await project.ids(), [1, 2, 3, 4]);
});

test('rows that are gone at the source go, also where no new row falls into their interval; those of other intervals stay', async () => {
  for (const partitionBy of ['toYYYYMM(ts)', 'toDate(ts)', 'toYear(ts)', 'toHour(ts)']) {
    await using project = await intervalProject('batch_size="day" begin="2024-01-01" lookback=1', { partitionBy });
    await project.bring(['2024-01-01', 1], ['2024-01-02 01:00', 2], ['2024-01-02 02:00', 3], ['2024-01-03 01:00', 4]);
    await project.runAt('2024-01-03T12:00:00Z');

    await project.execute('truncate table @.event');
    await project.bring(['2024-01-03 02:00', 5]);
    await project.runAt('2024-01-03T13:00:00Z');

    assert.deepEqual(await project.ids(), [1, 5], partitionBy);
  }
});

test('intervals that are asked for are written besides those that are due', async () => {
  await using project = await intervalProject('batch_size="month" begin="2023-11-01" lookback=0');
  await project.runAt('2024-03-10');
  await project.bring(['2023-12-31 23:59:59', 1], ['2024-01-01', 2], ['2024-02-29', 3]);

  const asked = { start: '2023-12-15', end: '2024-01-01' };
  const result = await project.runAt('2024-03-11', { request: { asked } });

  assert.deepEqual(startsOf(result), ['2023-12-01', '2024-03-01']);
  assert.deepEqual(await project.ids(), [1]);
});

test('a full refresh writes every interval and publishes them at once', async () => {
  await using project = await intervalProject('batch_size="hour" begin="2024-01-01" lookback=0');
  await project.bring(['2024-01-01 00:30', 1], ['2024-01-02 23:30', 2]);
  await project.runAt('2024-01-03T00:10:00Z');
  await project.execute(`insert into @.m values ('2020-01-01', 99)`);
  await project.execute('truncate table @.event');
  await project.bring(['2024-01-01 00:30', 3], ['2024-01-02 23:30', 4]);
  const recorded = recordWarehouse(project.warehouse);

  const result = await project.runAt('2024-01-03T00:20:00Z', { fullRefresh: true, deps: { warehouse: recorded.warehouse } });

  assert.equal(startsOf(result).length, 49);
  assert.deepEqual(await project.ids(), [3, 4]);
  assert.equal(recorded.statements.filter(({ sql }) => sql.includes('exchange tables')).length, 1);
});

test('the event time may be a Date, and a DateTime64 of another zone: intervals are those of UTC', async () => {
  const cases = [
    { select: 'toDate(ts) as ts, id', size: 'day', partitionBy: 'toYYYYMM(ts)' },
    { select: `toDateTime64(ts, 3, 'Asia/Kolkata') as ts, id`, size: 'day', partitionBy: 'toDate(ts)' },
    { select: `toNullable(ts) as ts, id`, size: 'hour', partitionBy: 'toDate(ts)', more: 'settings=(map allow_nullable_key=1)' },
  ];
  for (const { select, size, partitionBy, more = '' } of cases) {
    const filter = "toTimeZone(ts, 'UTC')";
    await using project = await intervalProject(`batch_size="${size}" begin="2024-03-01" lookback=1 ${more}`, { partitionBy });
    const inner = `select ${select} from (select * from ${project.database}.event where ${filter} >= {{interval_start}} and ts < {{interval_end}})`;
    await project.write({
      'models/m.sql': intervalModel(
        `batch_size="${size}" begin="2024-03-01" lookback=1 partition_by="${partitionBy}" ${more}`,
        '1',
      ).replace(/\nselect[\s\S]*/, `\n${inner}`),
    });
    await project.bring(['2024-02-29 23:00', 0], ['2024-03-01', 1], ['2024-03-01 23:59:59', 2], ['2024-03-02 00:00', 3]);
    await project.runAt('2024-03-02T00:30:00Z');
    await project.runAt('2024-03-02T00:40:00Z');

    assert.deepEqual(await project.ids(), [1, 2, 3], select);
  }
});

test('where intervals are whole partitions, no row of others is copied', async () => {
  await using project = await intervalProject('batch_size="day" begin="2024-01-01"', { partitionBy: 'toDate(ts)' });
  await project.bring(['2024-01-01', 1], ['2024-01-02', 2]);
  await project.runAt('2024-01-02T12:00:00Z');
  const recorded = recordWarehouse(project.warehouse);

  await project.runAt('2024-01-02T13:00:00Z', { deps: { warehouse: recorded.warehouse } });

  assert.deepEqual(await project.ids(), [1, 2]);
  assert.ok(!recorded.statements.some(({ sql }) => sql.includes('create table') && sql.includes('__kept')));
});

test('many intervals are published in pieces, and the version before them is kept for a rollback, which brings its memory back', async () => {
  await using project = await intervalProject('batch_size="day" begin="2024-01-01"');
  await project.bring(['2024-01-01', 1], ['2024-03-20', 2]);
  await project.runAt('2024-01-02T12:00:00Z');

  const result = await project.runAt('2024-03-20T12:00:00Z');
  const kept = await project.staging();
  const memory = await memoryOf(project);
  const back = await project.rollBack();
  const { drift } = await project.report('2024-01-02T12:00:00Z');
  const after = await project.runAt('2024-03-20T12:00:00Z');

  assert.equal(startsOf(result).length, 79);
  const [row] = await project.query<{ publications: string }>(
    `select count() as publications from _gccflow.publications where run = '${result.runId}'`,
  );
  assert.deepEqual(row, { publications: '3' });
  assert.equal(kept.length, 1);
  assert.deepEqual(memory?.whole, [{ start: '2024-01-01', end: '2024-03-20' }]);
  assert.deepEqual(drift, []);
  assert.deepEqual(back?.whole, [{ start: '2024-01-01', end: '2024-01-02' }]);
  assert.deepEqual(startsOf(after), startsOf(result));
  assert.deepEqual(await project.ids(), [1, 2]);
});

test('SELECTs run side by side give what they give one by one, and never more at once than there are threads', async () => {
  const rows = Array.from(
    { length: 300 },
    (_, id) => [new Date(Date.UTC(2024, 0, 1) + id * 3_600_000).toISOString().slice(0, 19), id] as const,
  );
  const build = async (threads: number) => {
    await using project = await intervalProject('batch_size="hour" begin="2024-01-01"', { partitionBy: 'toDate(ts)' });
    await project.bring(...rows);
    let [running, most] = [0, 0];
    const warehouse = {
      ...recordWarehouse(project.warehouse).warehouse,
      execute: async (sql: string, options: object) => {
        const isInterval = /insert into \S+__interval_\d+/.test(sql);
        if (isInterval) most = Math.max(most, ++running);
        try {
          return await project.warehouse.execute(sql, options);
        } finally {
          if (isInterval) running -= 1;
        }
      },
    };
    await project.runAt('2024-01-03T12:00:00Z', { deps: { threads, warehouse } });
    return { most, ids: await project.ids() };
  };

  const sequential = await build(1);
  const parallel = await build(3);

  assert.deepEqual(parallel.ids, sequential.ids);
  assert.equal(sequential.ids.length, 60);
  assert.deepEqual([sequential.most, parallel.most], [1, 3]);
});

test('a column that appears is added where the config says so, and only the intervals that are written have values of it', async () => {
  const config = 'batch_size="day" begin="2024-01-01" lookback=0 on_schema_change="append_new_columns"';
  await using project = await intervalProject(config);
  await project.bring(['2024-01-01', 1], ['2024-01-02', 2], ['2024-01-03', 3]);
  await project.runAt('2024-01-02T12:00:00Z');
  const wider = intervalModel(`${config} partition_by="toYYYYMM(ts)"`, `id * 10 as more, ts, id from ${project.database}.event`);
  await project.write({ 'models/m.sql': wider });

  await project.runAt('2024-01-03T12:00:00Z');

  assert.deepEqual(await project.query('select id, more from @.m order by id'), [
    { id: 1, more: '0' },
    { id: 2, more: '20' },
    { id: 3, more: '30' },
  ]);
});

test('a model that begins tomorrow is an empty table, and later nothing to do', async () => {
  await using project = await intervalProject('batch_size="day" begin="2024-01-03"');
  await project.bring(['2024-01-01', 1], ['2024-01-03', 2]);

  await project.runAt('2024-01-02');
  const empty = await project.ids();
  const nothing = await project.runAt('2024-01-02T10:00:00Z');
  await project.runAt('2024-01-03T10:00:00Z');

  assert.deepEqual([empty, nothing.nodes[0]?.status], [[], 'unchanged']);
  assert.deepEqual(await project.ids(), [2]);
});
