import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WarehouseFault } from '../../framework/connections/warehouse.ts';
import { emptyDictionarySql } from '../../framework/materializations/dictionary-sql.ts';
import { ModelConfig } from '../../framework/project/model-config.ts';
import { type ScratchProject, scratchProject } from '../support/scratch-project.ts';
import { watchWarehouse } from '../support/watched-warehouse.ts';

const config = 'materialized="dictionary" primary_key="id"';

test('dictGet finds what the SELECT returned, and what it returns after the next run', async () => {
  await using project = await dictionaryOf(
    config,
    `select number as id, concat('a', toString(number))::LowCardinality(String) as name from numbers(3)`,
  );
  await run(project);
  const first = await lookUp(project, 'toUInt64(2)');
  await rewrite(project, config, `select number as id, concat('b', toString(number)) as name from numbers(3)`);

  await run(project);

  assert.equal(first, 'a2');
  assert.equal(await lookUp(project, 'toUInt64(2)'), 'b2');
  assert.equal(await lookUp(project, 'toUInt64(9)'), '');
});

test('a reader always finds the old value or the new one', async () => {
  await using project = await dictionaryOf(config, `select 1::UInt64 as id, 'v0' as name`);
  await run(project);
  const seen = new Set<string>();
  let running = true;
  const reading = (async () => {
    while (running) seen.add(await lookUp(project, 'toUInt64(1)'));
  })();
  for (let version = 1; version <= 5; version += 1) {
    await rewrite(project, config, `select 1::UInt64 as id, 'v${version}' as name`);
    await run(project);
  }
  running = false;
  await reading;

  assert.equal(await lookUp(project, 'toUInt64(1)'), 'v5');
  assert.ok(
    [...seen].every((value) => /^v[0-5]$/.test(value)),
    [...seen].join(),
  );
});

test('a key of several columns, and one of text, are looked up as they are', async () => {
  await using project = await dictionaryOf(
    'materialized="dictionary" primary_key="(country, code)"',
    `select 'IN' as country, 7::UInt8 as code, 'Mumbai' as name`,
  );

  await run(project);

  assert.equal(await lookUp(project, `('IN', toUInt8(7))`), 'Mumbai');
});

test('keys that come twice are refused, and readers keep what they had', async () => {
  await using project = await dictionaryOf(config, `select 1::UInt64 as id, 'kept' as name`);
  await run(project);
  await rewrite(project, config, `select number % 2 as id, 'x' as name from numbers(4)`);

  const { nodes } = await project.run('build');

  assert.equal(nodes[0]?.error?.code, 'DICTIONARY_KEYS');
  assert.match(nodes[0]?.error?.message ?? '', /\(0\) comes 2 times; \(1\) comes 2 times/);
  assert.equal(await lookUp(project, 'toUInt64(1)'), 'kept');
});

test('a failing test of the new rows leaves the old dictionary', async () => {
  await using project = await dictionaryOf(config, `select 1::UInt64 as id, 'kept' as name`);
  await project.write({
    'models/m.yaml':
      'kind: models\nmodels:\n  - name: m\n    columns:\n      - name: name\n        tests: [{ accepted_values: { values: [kept] } }]\n',
  });
  await run(project);
  await rewrite(project, config, `select 1::UInt64 as id, 'bad' as name`);

  const { nodes } = await project.run('build');

  assert.equal(nodes.find(({ node }) => node === 'model.m')?.error?.code, 'TEST_FAILED');
  assert.equal(await lookUp(project, 'toUInt64(1)'), 'kept');
});

test('a layout that cannot hold the key fails before anything is published', async () => {
  await using project = await dictionaryOf(`${config} layout="flat()"`, `select 'text' as id, 'x' as name`);

  const { nodes } = await project.run('build');

  assert.equal(nodes[0]?.error?.code, 'WAREHOUSE_QUERY');
  assert.deepEqual(await project.query(`select name from system.tables where database = '@'`), []);
  assert.deepEqual(await project.staging(), []);
});

test('a fault that passes while it is loaded is overcome', async () => {
  await using project = await dictionaryOf(config, `select 1::UInt64 as id, 'x' as name`);
  let faults = 0;
  const warehouse = watchWarehouse(project.warehouse, {
    before: (sql) => {
      if (!sql.includes('system reload dictionary') || faults++ > 0) return;
      throw new WarehouseFault('connection reset', { code: null, type: null, retriable: true });
    },
  });

  const { status } = await project.run('build', { deps: { warehouse } });

  assert.equal(status, 'success');
  assert.equal(faults, 2);
  assert.equal(await lookUp(project, 'toUInt64(1)'), 'x');
});

test('with a lifetime the dictionary follows what its SELECT reads, and what that is can be built again', async () => {
  await using project = await dictionaryOf(`${config} lifetime="1s"`, 'select id, name from {{ref "source_rows"}}');
  await project.write({ 'models/source_rows.sql': `{{config materialized="table"}}\nselect 1::UInt64 as id, 'first' as name` });
  await run(project);
  const before = await lookUp(project, 'toUInt64(1)');
  await project.write({ 'models/source_rows.sql': `{{config materialized="table"}}\nselect 1::UInt64 as id, 'second' as name` });
  const { status } = await project.run('build', { only: ['source_rows'] });
  const again = await project.run('build', { only: ['source_rows'] }); // drops the version before

  await project.execute('system reload dictionary @.m'); // as a server does by itself; the embedded engine does not

  assert.equal(before, 'first');
  assert.equal(status, 'success');
  assert.equal(again.status, 'success');
  assert.equal(await lookUp(project, 'toUInt64(1)'), 'second');
});

test('a dictionary and a table change places', async () => {
  await using project = await dictionaryOf(config, `select 1::UInt64 as id, 'x' as name`);
  await run(project);
  await rewrite(project, 'materialized="table"', `select 1::UInt64 as id, 'y' as name`);
  await run(project);
  const asTable = await project.query('select name from @.m');
  await rewrite(project, config, `select 1::UInt64 as id, 'z' as name`);

  await run(project);

  assert.deepEqual(asTable, [{ name: 'y' }]);
  assert.equal(await lookUp(project, 'toUInt64(1)'), 'z');
});

test('versions that are not kept go, with the rows they were made of', async () => {
  await using project = await dictionaryOf(`${config} retain=1`, `select 1::UInt64 as id, 'x' as name`);
  for (let version = 0; version < 4; version += 1) await run(project);

  const staging = await project.staging();

  assert.equal(staging.filter((name) => !name.endsWith('__rows')).length, 1); // the previous version
  assert.ok(staging.filter((name) => name.endsWith('__rows')).length <= 3, staging.join()); // of two versions, and one that the next run sweeps
});

test('no password is in what is sent, and a named collection is read as', async () => {
  await using project = await dictionaryOf(`${config} named_collection="reader"`, `select 1::UInt64 as id, 'x' as name`);
  await project.execute(`create named collection if not exists reader as user = 'default', password = ''`);

  await run(project);

  const [made] = await project.query<{ sql: string }>(
    `select create_table_query as sql from system.tables where database = '@' and name = 'm'`,
  );
  assert.match(made?.sql ?? '', /NAME `?reader`?/i);
  assert.doesNotMatch(made?.sql ?? '', /password/i);
  assert.equal(await lookUp(project, 'toUInt64(1)'), 'x');
});

test('an empty dictionary gives dictGet its types', async () => {
  await using project = await dictionaryOf(config, 'select 1::UInt64 as id');
  const columns = [
    { name: 'id', type: 'UInt64' },
    { name: 'score', type: 'Nullable(Float64)' },
  ];

  await project.execute(
    emptyDictionarySql({ database: project.database, name: 'stub' }, ModelConfig.parse({ primary_key: 'id' }), columns),
  );

  assert.deepEqual(await project.query(`select toTypeName(dictGet('@.stub', 'score', toUInt64(1))) as type`), [
    { type: 'Nullable(Float64)' },
  ]);
});

function dictionaryOf(config: string, select: string): Promise<ScratchProject> {
  return scratchProject({ 'models/m.sql': `{{config ${config}}}\n${select}` });
}

function rewrite(project: ScratchProject, config: string, select: string): Promise<void> {
  return project.write({ 'models/m.sql': `{{config ${config}}}\n${select}` });
}

async function run(project: ScratchProject): Promise<void> {
  const { nodes } = await project.run('build');
  for (const { error } of nodes) if (error) throw error;
}

async function lookUp(project: ScratchProject, key: string): Promise<string> {
  const [row] = await project.query<{ name: string }>(`select dictGet('@.m', 'name', ${key}) as name`);
  return row?.name ?? '';
}
