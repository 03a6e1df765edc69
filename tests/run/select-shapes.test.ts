import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratchProject } from '../support/scratch-project.ts';

/** Every way to begin and end a SELECT that ClickHouse takes. */
const shapes = [
  'from {{ref "one"}} select a',
  'with 2 as b select a from {{ref "one"}} where b = 2',
  '(select a from {{ref "one"}})',
  '(select 1 as a) union all (select a from {{ref "one"}} where 0)',
  '/* first */ select a from {{ref "one"}} -- last',
  'select a from {{ref "one"}} settings max_threads = 1',
  'select a from {{ref "one"}};',
];
const configs = ['materialized="view"', 'materialized="table"', 'materialized="incremental"', 'materialized="incremental" unique_key="a"'];

for (const config of configs) {
  test(`${config}: a SELECT may have every shape that ClickHouse knows, and again on the second run`, async () => {
    const models = shapes.map((shape, index) => [`models/m${index}.sql`, `{{config ${config}}}\n${shape}`]);
    await using project = await scratchProject({ 'models/one.sql': 'select toUInt8(1) as a', ...Object.fromEntries(models) });

    for (const run of ['first', 'second']) {
      const { nodes } = await project.run('build');

      assert.deepEqual(
        nodes.filter(({ error }) => error !== null).map(({ node, error }) => `${run} ${node}: ${error?.message}`),
        [],
      );
    }

    for (const index of shapes.keys()) assert.deepEqual(await project.query(`select distinct a from @.m${index}`), [{ a: 1 }]);
  });
}
