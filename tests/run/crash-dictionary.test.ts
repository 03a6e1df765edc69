import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAfterEachStatement, statementsOfNode } from '../support/crash-matrix.ts';

test('a dictionary whose run is killed after any statement holds the old rows or the new ones', async () => {
  const model = (name: string) => ({
    'models/m.sql': `{{config materialized="dictionary" primary_key="id"}}\nselect 1::UInt64 as id, '${name}' as name`,
  });

  const kills = await killAfterEachStatement({
    files: model('old'),
    before: [],
    change: [],
    changedFiles: model('new'),
    counted: statementsOfNode,
    oldRows: [{ id: '1', name: 'old' }],
    newRows: [{ id: '1', name: 'new' }],
  });

  assert.ok(kills >= 6, `only ${kills} kills`);
});
