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
        message: `'m' is published by EXCHANGE TABLES, which the engine of the database '${database}' does not have.`,
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

  await assert.rejects(project.run('build'), { code: 'WAREHOUSE_UNSUPPORTED', message: /database '_gccflow' does not have/ });
});

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
  return {
    kind: warehouse.kind,
    location: warehouse.location,
    version: '23.8.1.1',
    query: (sql, options) => warehouse.query(sql.replace("keyword = 'CLONE AS'", "keyword = ''"), options),
    execute: (sql, options) => warehouse.execute(sql, options),
    insert: (into, body, options) => warehouse.insert(into, body, options),
    stream: (sql, options) => warehouse.stream(sql, options),
    kill: (queryId) => warehouse.kill(queryId),
    [Symbol.asyncDispose]: async () => {},
  };
}
