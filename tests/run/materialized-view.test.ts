import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InvalidProject } from '../../framework/foundation/diagnostics.ts';
import type { GccflowError } from '../../framework/foundation/error.ts';
import type { RunOptions, ScratchProject } from '../support/scratch-project.ts';
import { countByKind, fedConfig, insertEvents, keepInserting, viewProject, writeModel } from '../support/view-project.ts';

const fromNowOn = fedConfig.replace(/watermark="inserted_at" watermark_delay="1s"/, 'catchup="none"');

test('rows that are there and rows that come are counted, once each', async () => {
  await using project = await viewProject();
  await insertEvents(project, 'click', 10);
  await insertEvents(project, 'view', 4);

  await run(project);
  await insertEvents(project, 'click', 3);

  assert.deepEqual(await project.query('select * from @.m order by kind'), [
    { kind: 'click', events: '13', total: '13' },
    { kind: 'view', events: '4', total: '4' },
  ]);
});

test('rows that are inserted while the view is built, built anew and changed are neither lost nor doubled', async () => {
  await using project = await viewProject();
  await insertEvents(project, 'k0', 100);
  const writer = keepInserting(project);

  await run(project);
  await run(project, { fullRefresh: true });
  await writeModel(project, fedConfig, countByKind.replace('sum(value)', 'sum(value + 0)'));
  await run(project);
  const inserted = 100 + (await writer.stop());

  assert.deepEqual(await project.query('select sum(events) as n, sum(total) as total from @.m'), [
    { n: `${inserted}`, total: `${inserted}` },
  ]);
  assert.deepEqual(await project.query('select count() as n from @.event'), [{ n: `${inserted}` }]);
});

test('a run with nothing to change leaves it alone', async () => {
  await using project = await viewProject();
  await run(project);

  const { nodes } = await project.run('build');

  assert.equal(nodes[0]?.status, 'unchanged');
});

test('a changed SELECT holds for new rows, without a drop, and --full-refresh brings it to all', async () => {
  await using project = await viewProject();
  await insertEvents(project, 'click', 2);
  await run(project);
  await writeModel(project, fedConfig, countByKind.replace('sum(value)', 'sum(10 * value)'));
  await run(project);
  await insertEvents(project, 'click', 1);
  const changed = await project.query('select events, total from @.m');

  await run(project, { fullRefresh: true });

  assert.deepEqual(changed, [{ events: '3', total: '12' }]);
  assert.deepEqual(await project.query('select events, total from @.m'), [{ events: '3', total: '30' }]);
});

test('a new column is an error until the config takes it', async () => {
  await using project = await viewProject();
  await insertEvents(project, 'click', 2);
  await run(project);
  const withColumn = countByKind.replace('count() as events', 'count() as events, sum(doubled) as doubled');
  await writeModel(project, fedConfig, withColumn);
  const refused = await failure(project);
  await insertEvents(project, 'click', 1);
  await writeModel(project, `${fedConfig} on_schema_change="append_new_columns"`, withColumn);

  await run(project);
  await insertEvents(project, 'click', 1);

  assert.equal(refused.code, 'SCHEMA_CHANGED');
  assert.deepEqual(await project.query('select events, doubled from @.m'), [{ events: '4', doubled: '2' }]);
});

test('columns that the source computes are there for the rows before, too', async () => {
  await using project = await viewProject(fedConfig, countByKind.replace('sum(value)', 'sum(doubled)'));
  await insertEvents(project, 'click', 2);

  await run(project);
  await insertEvents(project, 'click', 1);

  assert.deepEqual(await project.query('select total from @.m'), [{ total: '6' }]);
});

test('what it replaces goes on being fed until it is replaced, and goes then', async () => {
  await using project = await viewProject();
  await run(project);
  await run(project, { fullRefresh: true });
  await run(project, { fullRefresh: true });
  await run(project, { fullRefresh: true });

  const staging = await project.staging();

  assert.equal(staging.filter((name) => name.endsWith('__trigger')).length, 1, staging.join());
  assert.ok(staging.filter((name) => name.endsWith('__rows')).length <= 2, staging.join()); // the last one's goes with the next run
});

test('a failing test keeps the new one from readers, and the old one is fed on', async () => {
  await using project = await viewProject();
  await insertEvents(project, 'click', 2);
  await run(project);
  await project.write({
    'models/m.yaml':
      'kind: models\nmodels:\n  - name: m\n    columns:\n      - name: kind\n        tests: [{ accepted_values: { values: [click] } }]\n',
  });
  await insertEvents(project, 'other', 1);

  const { nodes } = await project.run('build', { fullRefresh: true });
  await insertEvents(project, 'click', 1);

  assert.equal(nodes.find(({ node }) => node === 'model.m')?.error?.code, 'TEST_FAILED');
  assert.deepEqual(await project.query(`select events from @.m where kind = 'click'`), [{ events: '3' }]);
});

test('rows that say the future, and rows that come too late, are refused, and nothing is published', async () => {
  await using project = await viewProject();
  await project.execute(`insert into @.event (kind, value, inserted_at) values ('ahead', 1, now() + 3600)`);
  const ahead = await failure(project);
  await project.execute('truncate table @.event');
  await insertEvents(project, 'click', 1);
  let running = true;
  const late = (async () => {
    while (running) await project.execute(`insert into @.event (kind, value, inserted_at) values ('late', 1, now() - 60)`);
  })();

  const tooLate = await failure(project);
  running = false;
  await late;

  assert.equal(ahead.code, 'WATERMARK_BROKEN');
  assert.match(ahead.message, /1 row of its source/);
  assert.equal(tooLate.code, 'WATERMARK_BROKEN');
  assert.deepEqual(await project.query(`select name from system.tables where database = '@' and name = 'm'`), []);
  await insertEvents(project, 'click', 1); // nothing that is gone is fed
});

test('an insert that goes on while the view is built is not lost, though ClickHouse does not show it to the view', async () => {
  await using project = await viewProject();
  const second = Math.floor(Date.now() / 1000);
  const slowly = project.execute(
    `insert into @.event (kind, value, inserted_at) select 'slow', 1, toDateTime(${second} + number) from numbers(5)
     where sleepEachRow(1) = 0 settings max_block_size = 1`,
  );
  await project.query('select sleep(0.5)');

  await run(project);
  await slowly;

  assert.deepEqual(await project.query('select events from @.m'), [{ events: '5' }]);
});

test('an insert that is repeated with its token is counted as often as its source has it', async () => {
  await using project = await viewProject();
  const repeated = () =>
    project.execute(`insert into @.event (kind, value) settings insert_deduplication_token = 'once', async_insert = 0 values ('click', 1)`);
  await run(project);
  await repeated();
  await repeated();
  const withoutTokens = await project.query('select (select count() from @.event) as source, (select sum(events) from @.m) as view');
  await project.execute('alter table @.event modify setting non_replicated_deduplication_window = 100');
  await run(project, { fullRefresh: true });
  await repeated();

  await repeated();

  assert.deepEqual(withoutTokens, [{ source: '2', view: '2' }]);
  assert.deepEqual(await project.query('select (select count() from @.event) as source, (select sum(events) from @.m) as view'), [
    { source: '3', view: '3' },
  ]);
});

test('a watermark that is no column, or no time, is refused by name', async () => {
  await using project = await viewProject(fedConfig.replace('inserted_at', 'value'));
  const noTime = await failure(project);
  await writeModel(project, fedConfig.replace('inserted_at', 'nothing'), countByKind);

  const noColumn = await failure(project);

  assert.match(noTime.message, /'value' is UInt64/);
  assert.match(noColumn.message, /'nothing' is no column of it/);
});

test('without a watermark it has what is inserted from then on, and no full refresh takes that away', async () => {
  await using project = await viewProject(fromNowOn);
  await insertEvents(project, 'click', 5);
  await run(project);
  await insertEvents(project, 'click', 2);

  await assert.rejects(project.run('run', { fullRefresh: true }), { code: 'FULL_REFRESH_REFUSED' });

  assert.deepEqual(await project.query('select events from @.m'), [{ events: '2' }]);
});

test('a SELECT whose FROM begins with another table than it names first is refused', async () => {
  await using project = await viewProject(
    fedConfig,
    'with known as (select kind from {{source "raw" "event"}}) select kind, count() as events, sum(value) as total from {{source "raw" "other"}} where kind in known group by kind',
  );
  await project.write({
    'sources/raw.yaml': `kind: source\nname: raw\ndatabase: ${project.database}\ntables:\n  - name: event\n  - name: other\n`,
  });
  await project.execute('create table @.other (kind String, value UInt64) engine = MergeTree order by kind');

  const { code, message } = await failure(project);

  assert.equal(code, 'CONFIG_CONFLICT');
  assert.match(message, /another table than/);
});

test('a view of a model is refused, because nobody inserts into it', async () => {
  await using project = await viewProject(fedConfig, 'select 1 as kind from {{ref "other"}}');
  await project.write({ 'models/other.sql': 'select 1 as id' });

  await assert.rejects(project.run('build'), ({ errors }: InvalidProject) => {
    assert.deepEqual(
      errors.map(({ code, at }) => [code, at?.file]),
      [['CONFIG_CONFLICT', 'models/m.sql']],
    );
    return /reads the model 'other' first, which is replaced as a whole and never inserted into/.test(errors[0]?.message ?? '');
  });
});

test('a view whose feed was dropped is built anew', async () => {
  await using project = await viewProject();
  await insertEvents(project, 'click', 2);
  await run(project);
  const [trigger] = (await project.staging()).filter((name) => name.endsWith('__trigger'));
  await project.execute(`drop table _gccflow.${trigger}`);
  await insertEvents(project, 'click', 1);

  await run(project);

  assert.deepEqual(await project.query('select events from @.m'), [{ events: '3' }]);
});

test('a refreshable view has its rows at once, and new ones when ClickHouse ran it again', async () => {
  await using project = await viewProject('materialized="materialized_view" order_by="kind" refresh="every 1 second"', countByKind);
  await insertEvents(project, 'click', 2);
  await run(project);
  const first = await project.query('select events from @.m');
  await insertEvents(project, 'click', 1);

  for (let tries = 0; tries < 100; tries += 1) {
    if (JSON.stringify(await project.query('select events from @.m')) !== JSON.stringify(first)) break;
    await project.query('select sleep(0.1)');
  }

  assert.deepEqual(first, [{ events: '2' }]);
  assert.deepEqual(await project.query('select events from @.m'), [{ events: '3' }]);
  assert.equal((await project.run('build')).nodes[0]?.status, 'unchanged');
});

test('a materialized view that becomes a table stops being fed', async () => {
  await using project = await viewProject();
  await insertEvents(project, 'click', 2);
  await run(project);
  await writeModel(project, 'materialized="table"', countByKind);
  await run(project);
  await run(project);

  await insertEvents(project, 'click', 1);

  assert.deepEqual(await project.query('select events from @.m'), [{ events: '2' }]);
  assert.deepEqual(
    (await project.staging()).filter((name) => name.endsWith('__trigger')),
    [],
  );
});

async function run(project: ScratchProject, options: RunOptions = {}): Promise<void> {
  const { nodes } = await project.run('build', options);
  for (const { error } of nodes) if (error) throw error;
}

async function failure(project: ScratchProject): Promise<GccflowError> {
  const { nodes } = await project.run('build');
  const error = nodes.find(({ node }) => node === 'model.m')?.error;
  assert.ok(error);
  return error;
}
