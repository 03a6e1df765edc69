import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CrashCase, killAfterEachStatement, statementsOfNode } from '../support/crash-matrix.ts';

test('append: killed after any statement, the table is old or new', async () => {
  const onlyNew = '{{#if (is_incremental)}} where id > (select max(id) from {{this}}){{/if}}';

  const kills = await killAfterEachStatement(crashCase('incremental_strategy="append"', onlyNew));

  assert.ok(kills >= 4, `only ${kills} kills`);
});

test('insert_overwrite: killed after any statement, the table is old or new', async () => {
  const kills = await killAfterEachStatement({
    ...crashCase('incremental_strategy="insert_overwrite" partition_by="p"', '{{#if (is_incremental)}} where p = 2{{/if}}'),
    newRows: [row(1, 1), row(3, 2), row(4, 2)],
  });

  assert.ok(kills >= 7, `only ${kills} kills`);
});

function crashCase(config: string, where: string): CrashCase {
  return {
    files: {
      'models/m.sql': `{{config materialized="incremental" order_by="id" ${config}}}\nselect id, p from {{source "raw" "batch"}}${where}`,
      'models/raw.yaml': 'kind: source\nname: raw\ndatabase: crash\ntables:\n  - name: batch\n',
    },
    before: ['create table @.batch (id UInt8, p UInt8) engine = MergeTree order by id', 'insert into @.batch values (1, 1), (2, 2)'],
    change: ['alter table @.batch delete where id = 2', 'insert into @.batch values (3, 2), (4, 2)'],
    counted: statementsOfNode,
    oldRows: [row(1, 1), row(2, 2)],
    newRows: [row(1, 1), row(2, 2), row(3, 2), row(4, 2)],
  };
}

function row(id: number, p: number) {
  return { id, p };
}
