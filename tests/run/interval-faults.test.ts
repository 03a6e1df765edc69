import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intervalModel, intervalProject, memoryOf, startsOf } from '../support/interval-project.ts';
import { watchWarehouse } from '../support/watched-warehouse.ts';

const byDay = 'batch_size="day" begin="2024-01-01" lookback=0';

test('an interval that fails is left as it was, the others are published, and the next run writes it', async () => {
  await using project = await intervalProject(byDay, { select: "ts, throwIf(id = 13, 'unlucky') + id as id" });
  await project.bring(['2024-01-01', 1], ['2024-01-02', 13], ['2024-01-03', 3]);

  const failed = await project.runAt('2024-01-03T12:00:00Z', { failing: true });
  const rows = await project.ids();
  await project.execute('alter table @.event update id = 2 where id = 13 settings mutations_sync = 2');
  const mended = await project.runAt('2024-01-03T12:00:00Z');

  const [node] = failed.nodes;
  assert.deepEqual([node?.status, node?.error?.code], ['error', 'INTERVAL_FAILED']);
  assert.match(
    node?.message ?? '',
    /^1 of the 3 intervals of 'model\.m' failed, and are as they were: 2024-01-02 to 2024-01-03\. Published: 2024-01-01 to 2024-01-02, 2024-01-03 to 2024-01-04\. 2024-01-02 to 2024-01-03: .*unlucky/,
  );
  assert.deepEqual(node?.intervals, {
    published: [
      { start: '2024-01-01', end: '2024-01-02' },
      { start: '2024-01-03', end: '2024-01-04' },
    ],
    failed: [{ start: '2024-01-02', end: '2024-01-03' }],
    left: [],
  });
  assert.deepEqual(rows, [1, 3]);
  assert.deepEqual(startsOf(mended), ['2024-01-02', '2024-01-03']);
  assert.deepEqual(await project.ids(), [1, 2, 3]);
  assert.equal((await project.staging()).length, 1); // the version before, and nothing else
});

test('where every interval of a piece fails, nothing more is tried, and nothing is published', async () => {
  await using project = await intervalProject(byDay, { select: `ts, throwIf(1, 'never') + id as id` });
  await project.bring(['2024-01-01', 1], ['2024-02-28', 2]);

  // A day without rows does not fail, so every day has one.
  await project.execute(`insert into @.event select toDateTime('2024-01-01', 'UTC') + number * 86400, number from numbers(80)`);
  const { nodes } = await project.runAt('2024-03-10T12:00:00Z', { failing: true });

  const { published, failed, left } = nodes[0]?.intervals ?? {};
  assert.deepEqual([published?.length, failed?.length, left?.length], [0, 32, 38]);
  assert.match(nodes[0]?.message ?? '', /None is published\. Not come to: 2024-02-02 to 2024-03-11\./);
  assert.deepEqual(await project.query(`select name from system.tables where database = '@' and name = 'm'`), []);
  assert.deepEqual(await project.staging(), []);
});

test('rows outside of the interval they were selected for fail it, and none of them is published', async () => {
  await using project = await intervalProject(byDay, { select: 'if(id = 7, ts + interval 1 day, ts) as ts, id' });
  const leaky = intervalModel(`${byDay} partition_by="toYYYYMM(ts)"`, 'x').replace(
    /\nselect[\s\S]*/,
    `\nselect if(id = 7, at + interval 1 day, at) as ts, id from (select ts as at, id from ${project.database}.event) where at >= {{interval_start}} and at < {{interval_end}}`,
  );
  await project.write({ 'models/m.sql': leaky });
  await project.bring(['2024-01-01', 1], ['2024-01-02', 7]);

  const { nodes } = await project.runAt('2024-01-03', { failing: true });

  assert.match(nodes[0]?.message ?? '', /'m' returned 1 row whose 'ts' lies outside of the interval it was run for, or is NULL/);
  assert.equal(nodes[0]?.error?.hint, `Filter by what becomes 'ts': … >= {{interval_start}} and … < {{interval_end}}.`);
  assert.deepEqual(await project.ids(), [1]);
});

test('an event time that is none is told before anything is published', async () => {
  const cases = [
    [`toString(at) as ts, id`, byDay, /has 'ts' as its 'event_time', whose type is String/],
    [`toDate32(at) as ts, id`, byDay, /whose type is Date32/],
    [`toDate(at) as ts, id`, byDay.replace('day', 'hour'), /a Date, which knows no hours/],
  ] as const;
  for (const [columns, config, message] of cases) {
    await using project = await intervalProject(config);
    const inner = `select ${columns} from (select ts as at, id from ${project.database}.event) where at >= {{interval_start}} and at < {{interval_end}}`;
    const sql = intervalModel(`${config} partition_by="cityHash64(ts) % 2"`, 'x').replace(/\nselect[\s\S]*/, `\n${inner}`);
    await project.write({ 'models/m.sql': sql });
    await project.bring(['2024-01-01', 1]);

    const { nodes } = await project.runAt('2024-01-01T05:00:00Z', { failing: true });

    assert.equal(nodes[0]?.error?.code, 'EVENT_TIME_INVALID');
    assert.match(nodes[0]?.message ?? '', message);
    assert.deepEqual(await project.staging(), []);
  }
});

test('a run that is stopped between pieces keeps those that are published, and the next one writes the rest alone', async () => {
  await using project = await intervalProject(byDay);
  await project.execute(`insert into @.event select toDateTime('2024-01-01', 'UTC') + number * 86400, number from numbers(80)`);
  const stop = new AbortController();
  const warehouse = watchWarehouse(project.warehouse, {
    before: (sql) => {
      if (sql.includes('insert into') && sql.includes('2024-02-20')) stop.abort(new Error('stopped'));
    },
  });

  const stopped = await project.runAt('2024-03-11', { failing: true, deps: { signal: stop.signal, warehouse, threads: 1 } });
  const rows = await project.ids();
  const rest = await project.runAt('2024-03-11');

  assert.deepEqual([stopped.nodes[0]?.status, startsOf(stopped).length], ['cancelled', 32]);
  assert.match(stopped.nodes[0]?.message ?? '', /2024-01-01 to 2024-02-02 are published/);
  assert.equal(rows.length, 32);
  assert.deepEqual([startsOf(rest)[0], startsOf(rest).length], ['2024-02-02', 38]);
  assert.equal((await project.ids()).length, 70);
});

test('two runs at once: the second one waits, and then writes what is still due', async () => {
  await using project = await intervalProject(byDay);
  await project.bring(['2024-01-01', 1], ['2024-01-02', 2], ['2024-01-03', 3]);

  const [first, second] = await Promise.all([
    project.runAt('2024-01-03T12:00:00Z', { deps: { waitLockMs: 20_000 } }),
    project.runAt('2024-01-03T12:00:00Z', { deps: { waitLockMs: 20_000 } }),
  ]);

  assert.deepEqual([startsOf(first).length, startsOf(second).length].sort(), [1, 3]); // the current day is due to both
  assert.deepEqual(await project.ids(), [1, 2, 3]);
});

test('who writes to the table between the clone and the exchange loses nothing', async () => {
  await using project = await intervalProject(byDay);
  await project.bring(['2024-01-01', 1]);
  await project.runAt('2024-01-02T12:00:00Z');
  let left = 1;
  const warehouse = watchWarehouse(project.warehouse, {
    after: async (sql) => {
      if (sql.includes('clone as') && left-- > 0) await project.execute(`insert into @.m values ('2024-01-01 10:00:00', 50)`);
    },
  });

  await project.runAt('2024-01-02T13:00:00Z', { deps: { warehouse } });

  assert.deepEqual(await project.ids(), [1, 50]);
});

test('a test that fails on the new rows keeps them from readers', async () => {
  await using project = await intervalProject(byDay);
  await project.write({ 'models/m.yaml': 'kind: models\nmodels:\n  - name: m\n    columns: [{ name: id, tests: [unique] }]\n' });
  await project.bring(['2024-01-01', 1]);
  await project.run('build', { request: { executionTime: '2024-01-02' } });
  await project.bring(['2024-01-02', 1]);

  const { nodes } = await project.run('build', { request: { executionTime: '2024-01-03' } });

  assert.equal(nodes.find(({ node }) => node === 'model.m')?.error?.code, 'TEST_FAILED');
  assert.deepEqual(await project.ids(), [1]);
  assert.deepEqual((await memoryOf(project))?.whole, [{ start: '2024-01-01', end: '2024-01-02' }]);
});

test('a SELECT that takes no notice of its interval is refused before anything runs', async () => {
  await using project = await intervalProject(byDay);
  const sql = intervalModel(`${byDay} partition_by="toYYYYMM(ts)"`, `ts, id from ${project.database}.event`).replace(/ and ts < .*/, '');
  await project.write({ 'models/m.sql': sql });

  await assert.rejects(project.runAt('2024-01-03'), {
    code: 'CONFIG_CONFLICT',
    message: "The SELECT of 'm' is run for one interval at a time, and does not say {{interval_end}}.",
    hint: "Read only the interval's rows: where ts >= {{interval_start}} and ts < {{interval_end}}.",
  });
});
