import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GccflowError } from '../../framework/foundation/error.ts';
import type { RunResult } from '../../framework/run/run-result.ts';
import { type ScratchProject, scratchProject } from '../support/scratch-project.ts';

const byTime = 'unique_key="id" updated_at="at"';

test('a version ends when the next one begins, and both are there', async () => {
  await using project = await snapshotOf(byTime, `select 1 as id, 'old' as name, toDateTime('2026-01-01 00:00:00', 'UTC') as at`);
  await run(project, '2026-01-05');
  await rewrite(project, byTime, `select 1 as id, 'new' as name, toDateTime('2026-01-03 06:00:00', 'UTC') as at`);

  await run(project, '2026-01-06');

  assert.deepEqual(await project.query('select name, dbt_valid_from, dbt_valid_to from @.m order by dbt_valid_from'), [
    { name: 'old', dbt_valid_from: '2026-01-01 00:00:00.000000', dbt_valid_to: '2026-01-03 06:00:00.000000' },
    { name: 'new', dbt_valid_from: '2026-01-03 06:00:00.000000', dbt_valid_to: null },
  ]);
});

test('only the partition of versions that hold is rewritten', async () => {
  await using project = await snapshotOf(byTime, row(1, '2026-01-01'));
  await run(project, '2026-02-01');
  await rewrite(project, byTime, row(1, '2026-02-01'));
  await run(project, '2026-02-02');
  const closed = await partsOf(project, '202602');
  await rewrite(project, byTime, row(1, '2026-03-01'));

  await run(project, '2026-03-02');

  assert.equal(closed.length, 1);
  assert.deepEqual(await partsOf(project, '202602'), closed);
});

test('the values of every type are compared, and NULL is one of them', async () => {
  const values = (name: string) =>
    `select 1 as id, ${name} as name, [toNullable(1), null] as list, map('a', toNullable(2)) as tags, '{"a":[1,null]}'::JSON as doc, nan as rate, tuple(1, 'x') as pair`;
  await using project = await snapshotOf('unique_key="id" check_cols="all"', values('null::Nullable(String)'));
  await run(project, '2026-01-01');
  await run(project, '2026-01-02');
  const unchanged = await count(project);
  await rewrite(project, 'unique_key="id" check_cols="all"', values(`''::Nullable(String)`));

  await run(project, '2026-01-03');

  assert.equal(unchanged, 1);
  assert.deepEqual(await project.query('select name, dbt_valid_to is null as holds from @.m order by dbt_valid_from'), [
    { name: null, holds: 0 },
    { name: '', holds: 1 },
  ]);
});

test('keys that come twice are refused by name, on the first run and on later ones, and nothing is published', async () => {
  const twice = `select number % 3 as id, toDateTime('2026-01-01', 'UTC') as at from numbers(6)`;
  await using project = await snapshotOf(byTime, twice);
  const first = await failure(project);
  await rewrite(project, byTime, row(1, '2026-01-01'));
  await run(project, '2026-01-02');
  await rewrite(project, byTime, `${row(1, '2026-02-01')} union all ${row(1, '2026-02-02')}`);

  const later = await failure(project);

  assert.equal(first.code, 'SNAPSHOT_KEYS');
  assert.match(first.message, /\(0\) comes 2 times; \(1\) comes 2 times; \(2\) comes 2 times/);
  assert.equal(later.code, 'SNAPSHOT_KEYS');
  assert.equal(await count(project), 1);
  assert.deepEqual(await project.staging(), []);
});

test('a NULL key and a row without its time are refused', async () => {
  await using project = await snapshotOf(
    byTime,
    `select null::Nullable(UInt8) as id, toNullable(toDateTime('2026-01-01', 'UTC')) as at union all select 7, null`,
  );

  const { code, message } = await failure(project);

  assert.equal(code, 'SNAPSHOT_KEYS');
  assert.match(message, /\(7\) has no at; \(NULL\) holds a NULL/);
});

test('columns that the SELECT lacks, that are no time or that a snapshot adds are named, all at once', async () => {
  const config = 'unique_key="idd" strategy="check" updated_at="name" check_cols=(list "id" "other")';
  await using project = await snapshotOf(config, `select 1 as id, 'x' as name, 2 as dbt_valid_to`);

  const { code, message, hint, at } = await failure(project);

  assert.equal(code, 'CONFIG_CONFLICT');
  assert.match(
    message,
    /'unique_key' names 'idd'.*'updated_at' names 'name', a String.*'check_cols' names 'other'.*returns 'dbt_valid_to'/,
  );
  assert.equal(hint, "Did you mean 'id'?");
  assert.equal(at?.file, 'models/m.sql');
});

test('columns may be called what the statements call their own', async () => {
  const names = [
    'at',
    'changed_at',
    'row_hash',
    'closes',
    'item',
    'total',
    'times',
    'source',
    'version',
    'current',
    'changes',
    'earlier',
    'key_1',
    'next',
    'ends',
  ];
  const columns = names.map((name) => `toDateTime('2026-01-01 00:00:00', 'UTC') as ${name}`).join(', ');
  const model = 'unique_key=(list "version" "item") strategy="check" updated_at="changed_at" check_cols="all" hard_deletes="new_record"';
  await using project = await snapshotOf(model, `select ${columns}`);
  await run(project, '2026-01-02');
  await run(project, '2026-01-03');
  const unchanged = await count(project);
  await rewrite(project, model, `select ${columns.replace("01-01 00:00:00', 'UTC') as source", "01-01 00:00:07', 'UTC') as source")}`);
  await run(project, '2026-01-04');
  await rewrite(project, model, `select ${columns} where false`);

  await run(project, '2026-01-05');

  assert.equal(unchanged, 1);
  assert.deepEqual(await project.query('select second(source) as second, dbt_is_deleted from @.m order by dbt_valid_from'), [
    { second: 0, dbt_is_deleted: 'False' },
    { second: 7, dbt_is_deleted: 'False' },
    { second: 7, dbt_is_deleted: 'True' },
  ]);
});

test('a column that appears at the source is an error until the config takes it', async () => {
  await using project = await snapshotOf(byTime, row(1, '2026-01-01'));
  await run(project, '2026-01-02');
  await rewrite(project, byTime, row(1, '2026-01-03', `'x' as extra`));
  const refused = await failure(project);
  await rewrite(project, `${byTime} on_schema_change="append_new_columns"`, row(1, '2026-01-03', `'x' as extra`));

  await run(project, '2026-01-04');

  assert.equal(refused.code, 'SCHEMA_CHANGED');
  assert.deepEqual(await project.query('select extra from @.m order by dbt_valid_from'), [{ extra: '' }, { extra: 'x' }]);
});

test('a column that goes at the source stays in the versions that had it', async () => {
  const config = 'unique_key="id" check_cols="all" on_schema_change="append_new_columns"';
  await using project = await snapshotOf(config, `select 1 as id, 'x' as extra, 5 as score`);
  await run(project, '2026-01-01');
  await rewrite(project, config, 'select 1 as id, 5 as score');
  await run(project, '2026-01-02');
  const afterItWent = await count(project);
  await rewrite(project, config, 'select 1 as id, 6 as score');

  await run(project, '2026-01-03');

  assert.equal(afterItWent, 1); // its absence alone is no change
  assert.deepEqual(await project.query('select extra, score from @.m order by dbt_valid_from'), [
    { extra: 'x', score: 5 },
    { extra: '', score: 6 },
  ]);
});

test('a full refresh, and a table of somebody else in its place, are refused; full_refresh: true lets the first happen', async () => {
  await using project = await snapshotOf(byTime, row(1, '2026-01-01'));
  await project.execute('create table @.m (id UInt8) engine = MergeTree order by id');
  await assert.rejects(project.run('run'), { code: 'FULL_REFRESH_REFUSED' });
  await project.execute('drop table @.m sync');
  await run(project, '2026-01-02');
  await rewrite(project, byTime, row(1, '2026-01-03'));
  await run(project, '2026-01-04');
  await assert.rejects(project.run('run', { fullRefresh: true }), { code: 'FULL_REFRESH_REFUSED' });
  await rewrite(project, `${byTime} full_refresh=true`, row(1, '2026-01-03'));
  await run(project, '2026-01-05');
  const kept = await count(project);

  const { status } = await project.run('run', { fullRefresh: true });

  assert.equal(status, 'success');
  assert.equal(kept, 2);
  assert.equal(await count(project), 1);
});

test('a history does not make way for a table that is built anew, unless that is said', async () => {
  await using project = await snapshotOf(byTime, row(1, '2026-01-01'));
  await run(project, '2026-01-02');
  await project.write({ 'models/m.sql': '{{config materialized="table"}}\nselect 1 as id' });

  await assert.rejects(project.run('run'), { code: 'FULL_REFRESH_REFUSED' });
  const { status } = await project.run('run', { fullRefresh: true });

  assert.equal(status, 'success');
});

test('a table that becomes a snapshot begins its history with what is there', async () => {
  await using project = await scratchProject({ 'models/m.sql': '{{config materialized="table"}}\nselect 1 as id' });
  await project.run('run');
  await rewrite(project, byTime, row(1, '2026-01-01'));

  await run(project, '2026-01-02');

  assert.equal(await count(project), 1);
});

test('another valid_to_current than the history was written with is refused', async () => {
  const until = (day: string) => `${byTime} valid_to_current="toDate32('${day}')"`;
  await using project = await snapshotOf(until('2299-12-31'), row(1, '2026-01-01'));
  await run(project, '2026-01-02');
  await rewrite(project, until('2200-01-01'), row(1, '2026-01-01'));

  const { code, message } = await failure(project);

  assert.equal(code, 'SNAPSHOT_HISTORY');
  assert.match(message, /2299-12-31/);
  assert.equal(await count(project), 1);
});

test('a history that somebody else spoiled is not published', async () => {
  await using project = await snapshotOf(byTime, row(1, '2026-01-01'));
  await run(project, '2026-01-02');
  await project.execute(`insert into @.m select * replace ('twin' as dbt_scd_id) from @.m`);
  await rewrite(project, byTime, row(1, '2026-01-03'));

  const { code, message } = await failure(project);

  assert.equal(code, 'SNAPSHOT_HISTORY');
  assert.match(message, /\(1\) has/);
  assert.equal(await count(project), 2);
});

test('a source without rows ends every version where deletions count, and none where they do not', async () => {
  await using project = await snapshotOf(`${byTime} hard_deletes="invalidate"`, row(1, '2026-01-01'));
  await run(project, '2026-01-02');
  await rewrite(project, byTime, `${row(1, '2026-01-01')} where false`);
  await run(project, '2026-01-03');
  const ignored = await project.query('select dbt_valid_to from @.m');
  await rewrite(project, `${byTime} hard_deletes="invalidate"`, `${row(1, '2026-01-01')} where false`);

  await run(project, '2026-01-04');

  assert.deepEqual(ignored, [{ dbt_valid_to: null }]);
  assert.deepEqual(await project.query('select dbt_valid_to from @.m'), [{ dbt_valid_to: '2026-01-04 00:00:00.000000' }]);
});

test('a contract is about the columns of the SELECT, and may promise those that are added', async () => {
  await using project = await snapshotOf(`${byTime} contract="enforced"`, row(1, '2026-01-01'));
  const declare = (more: string) => ({
    'models/m.yaml': `kind: models\nmodels:\n  - name: m\n    columns:\n      - { name: id, type: UInt8 }\n      - { name: at, type: DateTime('UTC') }\n      - { name: name, type: String }\n${more}`,
  });
  await project.write(declare(''));
  await run(project, '2026-01-02');
  await project.write(declare(`      - { name: dbt_valid_to, type: DateTime }\n`));

  const { code, message } = await failure(project);

  assert.equal(code, 'CONTRACT_BROKEN');
  assert.match(message, /dbt_valid_to/);
});

test('tests run on the stage, and a failing one leaves the history as it was', async () => {
  await using project = await snapshotOf(byTime, row(1, '2026-01-01'));
  await project.write({
    'models/m.yaml':
      'kind: models\nmodels:\n  - name: m\n    tests:\n      - unique: { columns: [id], config: { where: dbt_valid_to is null } }\n      - row_count: { max: 1 }\n',
  });
  await run(project, '2026-01-02');
  await rewrite(project, byTime, row(1, '2026-01-03'));

  const { nodes } = await project.run('build');

  assert.equal(nodes.find(({ node }) => node === 'model.m')?.error?.code, 'TEST_FAILED');
  assert.equal(await count(project), 1);
});

function row(id: number, day: string, more = `'x' as name`): string {
  return `select ${id} as id, toDateTime('${day} 00:00:00', 'UTC') as at, ${more}`;
}

async function snapshotOf(config: string, select: string): Promise<ScratchProject> {
  return scratchProject({ 'models/m.sql': model(config, select) });
}

function rewrite(project: ScratchProject, config: string, select: string): Promise<void> {
  return project.write({ 'models/m.sql': model(config, select) });
}

function model(config: string, select: string): string {
  return `{{config materialized="snapshot" ${config}}}\n${select}`;
}

async function run(project: ScratchProject, executionTime: string): Promise<RunResult> {
  const result = await project.run('build', { request: { executionTime } });
  for (const { error } of result.nodes) if (error) throw error;
  return result;
}

async function failure(project: ScratchProject): Promise<GccflowError> {
  const { nodes } = await project.run('build');
  const error = nodes.find(({ node }) => node === 'model.m')?.error;
  assert.ok(error);
  return error;
}

async function count(project: ScratchProject): Promise<number> {
  return Number((await project.query<{ n: string }>('select count() as n from @.m'))[0]?.n);
}

async function partsOf(project: ScratchProject, partition: string): Promise<string[]> {
  const parts = await project.query<{ hash: string }>(
    `select hash_of_all_files as hash from system.parts where active and database = '@' and table = 'm' and partition = '${partition}' order by hash`,
  );
  return parts.map(({ hash }) => hash);
}
