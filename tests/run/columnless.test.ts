import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratchProject } from '../support/scratch-project.ts';

const columnless = 'select * except(a) from (select 1 as a)';
const refused = /EMPTY_LIST_OF_COLUMNS_QUERIED.*Empty list of columns/;

for (const materialized of ['view', 'table', 'incremental']) {
  test(`a ${materialized} whose SELECT has no columns fails as what it is, and leaves nothing`, async () => {
    await using project = await scratchProject({
      'models/m.sql': `{{config materialized="${materialized}"}}\n${columnless}`,
      'models/reader.sql': 'select * from {{ref "m"}}',
    });

    const { nodes } = await project.run('build');

    assert.deepEqual(
      nodes.map(({ node, status }) => [node, status]),
      [
        ['model.m', 'error'],
        ['model.reader', 'skipped'],
      ],
    );
    assert.equal(nodes[0]?.error?.code, 'WAREHOUSE_QUERY');
    assert.match(nodes[0]?.error?.message ?? '', refused);
    assert.deepEqual(await project.query(`show tables from ${project.database}`), []);
    assert.deepEqual(await project.staging(), []);
  });
}

test('the reader of an ephemeral model without columns fails as what it is', async () => {
  await using project = await scratchProject({
    'models/m.sql': `{{config materialized="ephemeral"}}\n${columnless}`,
    'models/reader.sql': '{{config materialized="table"}}\nselect * from {{ref "m"}}',
  });

  const { nodes } = await project.run('build');

  assert.match(nodes[0]?.error?.message ?? '', refused);
});

for (const policy of ['fail', 'ignore', 'append_new_columns', 'sync_all_columns']) {
  test(`an incremental model that loses all its columns leaves its table as it was, on_schema_change ${policy}`, async () => {
    const config = `{{config materialized="incremental" on_schema_change="${policy}"}}\n`;
    await using project = await scratchProject({ 'models/m.sql': `${config}select 1 as a` });
    await project.run('build');
    await project.write({ 'models/m.sql': config + columnless });

    const { nodes } = await project.run('build');

    assert.match(nodes[0]?.error?.message ?? '', refused);
    assert.deepEqual(await project.query('select * from @.m'), [{ a: 1 }]);
  });
}
