import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAfterEachStatement, statementsOfNode } from '../support/crash-matrix.ts';

test('a view whose build is killed after any statement is old or new', async () => {
  const kills = await killAfterEachStatement({
    files: { 'models/m.sql': 'select 1 as n' },
    before: [],
    change: [],
    changedFiles: { 'models/m.sql': 'select 2 as n' },
    counted: statementsOfNode,
    oldRows: [{ n: 1 }],
    newRows: [{ n: 2 }],
  });

  assert.ok(kills >= 3, `only ${kills} kills`);
});

test('a table that takes the place of a view is there at once or not at all', async () => {
  const kills = await killAfterEachStatement({
    files: { 'models/m.sql': 'select 1 as n' },
    before: [],
    change: [],
    changedFiles: { 'models/m.sql': '{{config materialized="table"}}\nselect 2 as n' },
    counted: statementsOfNode,
    oldRows: [{ n: 1 }],
    newRows: [{ n: 2 }],
  });

  assert.ok(kills >= 4, `only ${kills} kills`);
});

test('a first build that is killed leaves nothing, or the whole table', async () => {
  const kills = await killAfterEachStatement({
    files: {},
    before: [],
    change: [],
    changedFiles: { 'models/m.sql': '{{config materialized="table"}}\nselect number as n from numbers(3)' },
    counted: statementsOfNode,
    oldRows: [],
    newRows: [{ n: '0' }, { n: '1' }, { n: '2' }],
  });

  assert.ok(kills >= 4, `only ${kills} kills`);
});
