import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deleteInsertCase } from '../support/crash-cases.ts';
import { killAfterEachStatement } from '../support/crash-matrix.ts';

test('delete_insert: killed after any statement, the table is old or new, and a moved key has no twin', async () => {
  const kills = await killAfterEachStatement(deleteInsertCase);

  assert.ok(kills >= 11, `only ${kills} kills`);
});
