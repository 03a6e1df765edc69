import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratchWarehouse } from '../support/warehouse.ts';

test('a statement says what it wrote', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  await warehouse.execute(`create table ${database}.t (a UInt64, b String) engine = MergeTree order by a`);

  const cost = await warehouse.execute(`insert into ${database}.t select number, toString(number) from numbers(1000)`);
  const rows = await warehouse.query<{ n: string }>(`select count() as n from ${database}.t`);

  assert.equal(cost.writtenRows, 1000);
  assert.deepEqual(rows, [{ n: '1000' }]);
});
