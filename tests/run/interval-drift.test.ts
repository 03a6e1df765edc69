import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { intervalsToRepair } from '../../framework/run/read-intervals.ts';
import { type IntervalProject, intervalProject, startsOf } from '../support/interval-project.ts';

const byDay = 'batch_size="day" begin="2024-01-30" lookback=0';
const now = '2024-02-03T12:00:00Z';

test('merges are no drift', async () => {
  await using project = await daysOfTwoMonths();
  await project.runAt(now); // a partition of two parts
  await project.execute('optimize table @.m final');

  assert.deepEqual((await project.report(now)).drift, []);
});

test('what somebody did to a partition is told, and a repair writes its intervals anew and no others', async () => {
  const changes = {
    dropped: `alter table @.m drop partition id '202401'`,
    altered: `alter table @.m delete where id = 1 settings mutations_sync = 2`,
    'deleted from': 'delete from @.m where id = 1',
    'added to': `insert into @.m values ('2024-01-31 10:00:00', 99)`,
  };
  for (const [what, sql] of Object.entries(changes)) {
    await using project = await daysOfTwoMonths();
    await project.execute(sql);

    const report = await project.report(now);
    const repaired = await project.repair(report);

    assert.deepEqual(
      report.drift.map(({ partition }) => partition),
      ['202401'],
      what,
    );
    assert.deepEqual(startsOf(repaired), ['2024-01-30', '2024-01-31'], what);
    assert.deepEqual(await project.ids(), [1, 2, 3, 4, 5], what);
    assert.deepEqual((await project.report(now)).drift, [], what);
  }
});

test('drift outlives the runs that do not repair it', async () => {
  await using project = await daysOfTwoMonths();
  await project.execute(`alter table @.m drop partition id '202401'`);
  const before = await project.report(now);

  await project.runAt(now);
  await project.runAt(now, { request: { asked: { start: '2024-01-30', end: '2024-01-31' } } });
  const after = await project.report(now);
  await project.repair(after);

  assert.deepEqual(
    before.drift.map(({ kind, rowsPublished }) => [kind, rowsPublished]),
    [['dropped', 2]],
  );
  assert.deepEqual(
    after.drift.map(({ kind, rowsPublished, rows }) => [kind, rowsPublished, rows]),
    [['altered', 2, 1]],
  ); // one of its days is back
  assert.deepEqual(
    intervalsToRepair(after).map(({ start }) => start),
    ['2024-01-31'],
  );
  assert.deepEqual(await project.ids(), [1, 2, 3, 4, 5]);
  assert.deepEqual((await project.report(now)).drift, []);
});

test('states: published, open, due, and missing where others were published after', async () => {
  await using project = await intervalProject('batch_size="day" begin="2024-01-01" lookback=0', {
    select: `ts, throwIf(id = 13) + id as id`,
  });
  await project.bring(['2024-01-01', 1], ['2024-01-02', 13], ['2024-01-03', 3]);
  const never = await project.report('2024-01-02T12:00:00Z');
  await project.runAt('2024-01-04T12:00:00Z', { failing: true });

  const same = await project.report('2024-01-04T13:00:00Z');
  const later = await project.report('2024-01-05T13:00:00Z');

  const states = ({ intervals }: typeof same) => intervals.map(({ state }) => state);
  assert.deepEqual([states(never), never.publication], [['due', 'due'], null]);
  assert.deepEqual(states(same), ['published', 'missing', 'published', 'open']);
  assert.deepEqual(states(later), ['published', 'missing', 'published', 'due', 'due']);
  assert.deepEqual(intervalsToRepair(later), [{ start: '2024-01-02', end: '2024-01-03' }]);
});

test('a table that another strategy published has no memory: everything is due, and nothing drifted', async () => {
  await using project = await intervalProject(byDay);
  await project.bring(['2024-01-30', 1]);
  const append = `{{config materialized="incremental" incremental_strategy="append" order_by="id" partition_by="toYYYYMM(ts)"}}\nselect ts, id from ${project.database}.event`;
  await project.write({ 'models/m.sql': append });
  await project.run('run');

  await project.useIntervals();
  const report = await project.report(now);
  const { nodes } = await project.runAt(now);

  assert.deepEqual([...new Set(report.intervals.map(({ state }) => state))], ['due']);
  assert.deepEqual(report.drift, []);
  assert.equal(nodes[0]?.intervals?.published.length, 5);
  assert.deepEqual(await project.ids(), [1]);
});

test('what is recorded of publications is forgotten once no table is one of them, and a month is over', async () => {
  await using project = await daysOfTwoMonths();
  const record = `insert into _gccflow.partitions (publication, node, recorded_at) select concat('old', toString(number)), 'model.m'`;
  await project.execute(`${record}, now() - interval 31 day from numbers(150)`);
  await project.execute(`${record}, now() - interval 29 day from numbers(1000, 1)`);

  await project.runAt(now);
  await project.runAt(now);

  const left = async () => Number((await project.query<{ rows: string }>('select count() as rows from _gccflow.partitions'))[0]?.rows);
  for (const until = Date.now() + 20_000; (await left()) > 4 && Date.now() < until; ) await sleep(50); // a mutation takes its time
  assert.equal(await left(), 4); // three publications, and a young record
  assert.deepEqual((await project.report(now)).drift, []);
});

test('a repair that goes out in pieces leaves no drift behind', async () => {
  await using project = await intervalProject('batch_size="day" begin="2024-01-01" lookback=0');
  await project.execute(`insert into @.event select toDateTime('2024-01-01', 'UTC') + number * 86400, number from numbers(91)`);
  const end = '2024-04-01';
  await project.runAt(end);
  await project.execute(`alter table @.m drop partition id '202401', drop partition id '202403'`);

  const report = await project.report(end);
  const repaired = await project.repair(report);

  assert.deepEqual([intervalsToRepair(report).length, startsOf(repaired).length], [62, 62]);
  assert.deepEqual((await project.report(end)).drift, []);
  assert.equal((await project.ids()).length, 91);
});

/** Two days of January and three of February, each with a row. */
async function daysOfTwoMonths(): Promise<IntervalProject> {
  const project = await intervalProject(byDay);
  await project.bring(['2024-01-30', 1], ['2024-01-31', 2], ['2024-02-01', 3], ['2024-02-02', 4], ['2024-02-03', 5]);
  await project.runAt(now);
  return project;
}
