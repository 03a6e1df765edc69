import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunResult } from '../../framework/run/run-result.ts';
import { scratchProject } from '../support/scratch-project.ts';

test('tables, views, seeds and incremental models are published through stages, and nothing else is left', async () => {
  await using project = await scratchProject({
    'sources/seeds/person.csv': 'id,name\n1,Asha\n2,"Ravi\nKumar"\n',
    'models/stg_person.sql': `select id, upper(name) as name from {{ref "person"}}`,
    'models/mart_person.sql': `{{config materialized="table" order_by="id"}}\nselect * from {{ref "stg_person"}}`,
    'models/log.sql': `{{config materialized="incremental" order_by="n"}}\nselect count() as n from {{ref "mart_person"}}`,
  });

  const first = await project.run('build');
  const second = await project.run('build');

  assert.deepEqual(statuses(first), {
    'seed.person': 'success',
    'model.stg_person': 'success',
    'model.mart_person': 'success',
    'model.log': 'success',
  });
  assert.deepEqual(statuses(second), {
    'seed.person': 'unchanged',
    'model.stg_person': 'success',
    'model.mart_person': 'success',
    'model.log': 'success',
  });
  assert.deepEqual(await project.query('select name from @.mart_person order by id'), [{ name: 'ASHA' }, { name: 'RAVI\nKUMAR' }]);
  assert.deepEqual(await project.query('select n from @.log'), [{ n: '2' }, { n: '2' }]);
  assert.equal((await project.staging()).length, 3); // one previous version each, of the view and of two tables
  assert.equal((await project.query('select * from _gccflow.publications')).length, 7);
});

function statuses({ nodes }: RunResult): Record<string, string> {
  for (const { error } of nodes) if (error) throw error;
  return Object.fromEntries(nodes.map(({ node, status }) => [node, status]));
}
