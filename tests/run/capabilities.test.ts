import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Warehouse } from '../../framework/connections/warehouse.ts';
import { openScratchProject, scratchProject } from '../support/scratch-project.ts';

const table = '{{config materialized="table"}}\nselect 1 as n';
const incremental = '{{config materialized="incremental"}}\nselect 1 as n';

for (const engine of ['Memory', 'Ordinary']) {
  for (const materialized of ['table', 'view']) {
    test(`a ${materialized} in a database of the engine ${engine} is refused before anything runs`, async () => {
      await using project = await scratchProject({});
      const database = `${project.database}_${engine.toLowerCase()}`;
      await project.warehouse.execute(`create database ${database} engine = ${engine}`, {
        settings: { allow_deprecated_database_ordinary: 1 },
      });
      await project.write({ 'models/m.sql': `{{config materialized="${materialized}" database="${database}"}}\nselect 1 as n` });

      await assert.rejects(project.run('build'), {
        code: 'WAREHOUSE_UNSUPPORTED',
        message: `'m' is published by EXCHANGE TABLES between databases, which the engine of the database '${database}' cannot do.`,
      });
      assert.deepEqual(await project.query(`show tables from ${database}`), []);
      await project.execute(`drop database ${database}`);
    });
  }
}

test('a staging database that cannot exchange is refused too', async () => {
  await using project = await scratchProject({ 'models/m.sql': table });
  await project.execute('drop database if exists _gccflow sync');
  await project.execute('create database _gccflow engine = Memory');

  await assert.rejects(project.run('build'), { code: 'WAREHOUSE_UNSUPPORTED', message: /database '_gccflow' cannot do/ });
});

test('a database of the engine Replicated, which exchanges only tables of its own, is refused before anything runs', async () => {
  await using project = await scratchProject({ 'models/m.sql': table });
  const engines = `(select name, if(name = '${project.database}', 'Replicated', engine) as engine from system.databases)`;
  const replicated = openScratchProject(asking(project.warehouse, 'system.databases', engines), project);

  await assert.rejects(replicated.run('build'), {
    code: 'WAREHOUSE_UNSUPPORTED',
    message: `'m' is published by EXCHANGE TABLES between databases, which the engine of the database '${project.database}' cannot do.`,
  });
  assert.deepEqual(await project.query(`show tables from ${project.database}`), []);
});

const materializedViews = {
  'with rows of its own': (database: string) =>
    `create materialized view ${database}.m engine = MergeTree order by n as select n from ${database}.source`,
  'to a table': (database: string) => `create materialized view ${database}.m to ${database}.filled as select n from ${database}.source`,
  'that refreshes itself': (database: string) =>
    `create materialized view ${database}.m refresh every 1 day engine = MergeTree order by n empty as select n from ${database}.source`,
};

for (const [what, create] of Object.entries(materializedViews)) {
  for (const materialized of ['table', 'view', 'incremental']) {
    test(`a ${materialized} in whose place stands a materialized view ${what} is refused before anything runs`, async () => {
      await using project = await scratchProject({ 'models/m.sql': `{{config materialized="${materialized}"}}\nselect 1 as n` });
      for (const name of ['source', 'filled']) {
        await project.execute(`create table ${project.database}.${name} (n UInt8) engine = MergeTree order by n`);
      }
      await project.execute(create(project.database));

      await assert.rejects(project.run('build'), {
        code: 'WAREHOUSE_UNSUPPORTED',
        message: `'m' cannot take the place of '${project.database}.m', which is a MaterializedView that gccflow did not make.`,
        hint: /Rename or drop it/,
      });

      await project.execute(`insert into ${project.database}.source values (7)`);
      const [left] = await project.query(`select engine from system.tables where database = '${project.database}' and name = 'm'`);
      assert.deepEqual(left, { engine: 'MaterializedView' });
    });
  }
}

test('a server without CLONE AS refuses an incremental model from its first build on, and builds tables', async () => {
  await using project = await scratchProject({ 'models/m.sql': incremental });
  const old = openScratchProject(withoutClone(project.warehouse), project);

  await assert.rejects(old.run('build'), { code: 'WAREHOUSE_UNSUPPORTED', message: /'m' is incremental.* has no CREATE TABLE … CLONE AS/ });
  await project.write({ 'models/m.sql': table });
  const { status } = await old.run('build');

  assert.equal(status, 'success');
});

test('without CLONE AS an incremental model is rebuilt where that is declared or asked for, and the plan says so', async () => {
  await using project = await scratchProject({ 'models/m.sql': incremental.replace('"incremental"', '"incremental" full_refresh=true') });
  const old = openScratchProject(withoutClone(project.warehouse), project);

  await old.run('build');
  const { plan } = await old.plan('build');
  await project.write({ 'models/m.sql': incremental });
  const asked = await old.plan('build', { fullRefresh: true });

  const reasons = [plan, asked.plan].map(({ nodes }) => nodes.map((planned) => planned.kind === 'build' && planned.build.reason));
  assert.deepEqual(reasons, [['full_refresh: true'], ['--full-refresh']]);
});

/** A warehouse that says it is too old for CLONE AS. */
function withoutClone(warehouse: Warehouse): Warehouse {
  return { ...asking(warehouse, "keyword = 'CLONE AS'", "keyword = ''"), version: '23.8.1.1' };
}

/** The warehouse, asked something else. */
function asking(warehouse: Warehouse, text: string, instead: string): Warehouse {
  return {
    kind: warehouse.kind,
    location: warehouse.location,
    version: warehouse.version,
    query: (sql, options) => warehouse.query(sql.replace(text, instead), options),
    execute: (sql, options) => warehouse.execute(sql, options),
    insert: (into, body, options) => warehouse.insert(into, body, options),
    stream: (sql, options) => warehouse.stream(sql, options),
    kill: (queryId) => warehouse.kill(queryId),
    [Symbol.asyncDispose]: async () => {},
  };
}
