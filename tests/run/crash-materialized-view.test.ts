import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CrashCase, killAfterEachStatement, statementsOfNode } from '../support/crash-matrix.ts';

test('a materialized view whose first build is killed after any statement is there whole or not at all', async () => {
  const kills = await killAfterEachStatement({
    ...crashCase,
    files: { 'models/raw.yaml': source },
    changedFiles: model('sum(v)'),
    change: [],
    oldRows: [],
    newRows: [{ total: '3' }],
  });

  assert.ok(kills >= 6, `only ${kills} kills`);
});

test('a materialized view whose change is killed after any statement is fed on', async () => {
  const kills = await killAfterEachStatement({
    ...crashCase,
    files: { 'models/raw.yaml': source, ...model('sum(v)') },
    changedFiles: model('sum(v + 0)'),
    change: ['insert into @.event (v) values (4)'],
    oldRows: [{ total: '7' }],
    newRows: [{ total: '7' }],
  });

  assert.ok(kills >= 3, `only ${kills} kills`);
});

const source = 'kind: source\nname: raw\ndatabase: crash\ntables:\n  - name: event\n';

const crashCase: Omit<CrashCase, 'files' | 'oldRows' | 'newRows' | 'change'> = {
  before: [
    'create table @.event (v UInt64, at DateTime default now()) engine = MergeTree order by v',
    'insert into @.event (v) values (1), (2)',
  ],
  counted: statementsOfNode,
  keepsNone: true,
  columns: 'sum(total) as total',
};

function model(total: string) {
  return {
    'models/m.sql': `{{config materialized="materialized_view" watermark="at" watermark_delay="0s"}}\nselect ${total} as total from {{source "raw" "event"}}`,
  };
}
