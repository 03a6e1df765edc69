import type { CrashCase } from './crash-matrix.ts';

const config = 'materialized="incremental" incremental_strategy="delete_insert" unique_key="id" partition_by="p" order_by="id"';

/** Keys replaced by rewriting partitions; one of them moves to another partition. */
export const deleteInsertCase: CrashCase = {
  files: {
    'models/m.sql': `{{config ${config}}}\nselect id, p from {{source "raw" "batch"}}`,
    'models/raw.yaml': 'kind: source\nname: raw\ndatabase: crash\ntables:\n  - name: batch\n',
  },
  before: ['create table @.batch (id UInt8, p UInt8) engine = MergeTree order by id', 'insert into @.batch values (1, 1), (2, 1), (3, 2)'],
  change: ['truncate table @.batch', 'insert into @.batch values (1, 2), (4, 3)'],
  counted: /"node":"model.m"|^insert into .*publications/,
  oldRows: [
    { id: 1, p: 1 },
    { id: 2, p: 1 },
    { id: 3, p: 2 },
  ],
  newRows: [
    { id: 1, p: 2 },
    { id: 2, p: 1 },
    { id: 3, p: 2 },
    { id: 4, p: 3 },
  ],
};
