import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAfterEachStatement, statementsOfNode } from '../support/crash-matrix.ts';

test('a seed whose load is killed after any statement is old or new, and the texts of the file are swept', async () => {
  const kills = await killAfterEachStatement({
    files: { 'sources/seeds/m.csv': 'id,title\n1,a\n2,b\n' },
    before: [],
    change: [],
    changedFiles: { 'sources/seeds/m.csv': 'id,title\n1,A\n3,"c\n\nd"\n' },
    counted: statementsOfNode,
    oldRows: [
      { id: '1', title: 'a' },
      { id: '2', title: 'b' },
    ],
    newRows: [
      { id: '1', title: 'A' },
      { id: '3', title: 'c\n\nd' },
    ],
  });

  assert.ok(kills >= 6, `only ${kills} kills`);
});
