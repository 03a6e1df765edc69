import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAfterEachStatement, statementsOfNode } from '../support/crash-matrix.ts';

test('a snapshot whose run is killed after any statement holds the old history or the new one', async () => {
  const kills = await killAfterEachStatement({
    files: {
      'models/m.sql': `{{config materialized="snapshot" unique_key="id" updated_at="at" hard_deletes="invalidate"}}
select id, at from {{source "raw" "batch"}}`,
      'models/raw.yaml': 'kind: source\nname: raw\ndatabase: crash\ntables:\n  - name: batch\n',
    },
    before: [
      `create table @.batch (id UInt8, at DateTime('UTC')) engine = MergeTree order by id`,
      `insert into @.batch values (1, '2026-01-01 00:00:00'), (2, '2026-01-01 00:00:00')`,
    ],
    change: ['truncate table @.batch', `insert into @.batch values (1, '2026-01-02 00:00:00'), (2, '2026-01-01 00:00:00')`],
    columns: 'id, dbt_valid_from, dbt_valid_to',
    counted: statementsOfNode,
    oldRows: [version(1, '01', null), version(2, '01', null)],
    newRows: [version(1, '01', '02'), version(1, '02', null), version(2, '01', null)],
  });

  assert.ok(kills >= 10, `only ${kills} kills`);
});

function version(id: number, from: string, to: string | null) {
  const time = (day: string): string => `2026-01-${day} 00:00:00`;
  return { id, dbt_valid_from: `${time(from)}.000000`, dbt_valid_to: to === null ? null : `${time(to)}.000000` };
}
