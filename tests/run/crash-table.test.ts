import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAfterEachStatement } from '../support/crash-matrix.ts';

test('a table whose build is killed after any statement is old or new, and the next run mends everything', async () => {
  const kills = await killAfterEachStatement({
    files: {
      'models/m.sql': '{{config materialized="table" order_by="n"}}\nselect n from {{source "raw" "numbers"}}',
      'sources/raw.yaml': source,
    },
    before: ['create table @.numbers (n UInt8) engine = MergeTree order by n', 'insert into @.numbers values (1), (2)'],
    change: ['insert into @.numbers values (3)'],
    oldRows: [{ n: 1 }, { n: 2 }],
    newRows: [{ n: 1 }, { n: 2 }, { n: 3 }],
  });

  assert.ok(kills >= 8, `only ${kills} kills`);
});

const source = 'kind: source\nname: raw\ndatabase: crash\ntables:\n  - name: numbers\n';
