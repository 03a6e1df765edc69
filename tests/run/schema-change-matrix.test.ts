import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratchProject } from '../support/scratch-project.ts';

const strategies = {
  append: 'incremental_strategy="append"',
  delete_insert: 'incremental_strategy="delete_insert" unique_key="id"',
  insert_overwrite: 'incremental_strategy="insert_overwrite"',
};

/** The SELECT of the second run; the first one is `select 1 as id, 1 as p, 1 as v`. */
const changes = {
  added: `select 2 as id, 2 as p, 3 as v, 7 as w`,
  removed: 'select 2 as id, 2 as p',
  retyped: `select 2 as id, 2 as p, 'b' as v`,
  reordered: 'select 3 as v, 2 as p, 2 as id',
};

type Change = keyof typeof changes;

const reordered = [
  { id: 1, p: 1, v: 1 },
  { id: 2, p: 2, v: 3 },
];
const withDefault = [
  { id: 1, p: 1, v: 1 },
  { id: 2, p: 2, v: 0 },
];
const withNew = [
  { id: 1, p: 1, v: 1, w: 0 },
  { id: 2, p: 2, v: 3, w: 7 },
];

/** The rows after the second run; null where it is refused. */
const outcomes: Readonly<Record<string, Readonly<Record<Change, readonly unknown[] | null>>>> = {
  fail: { added: null, removed: null, retyped: null, reordered },
  ignore: { added: reordered, removed: withDefault, retyped: null, reordered },
  append_new_columns: { added: withNew, removed: withDefault, retyped: null, reordered },
  sync_all_columns: {
    added: withNew,
    removed: [
      { id: 1, p: 1 },
      { id: 2, p: 2 },
    ],
    retyped: [
      { id: 1, p: 1, v: '1' },
      { id: 2, p: 2, v: 'b' },
    ],
    reordered,
  },
};

for (const [policy, byChange] of Object.entries(outcomes)) {
  for (const [strategy, config] of Object.entries(strategies)) {
    test(`${policy} with ${strategy}: columns that are added, removed, retyped and reordered`, async () => {
      await using project = await scratchProject({});
      const model = (sql: string): string =>
        `{{config materialized="incremental" partition_by="p" on_schema_change="${policy}" ${config}}}\n${sql}`;

      for (const [change, expected] of Object.entries(byChange)) {
        const sql = changes[change as Change];
        await project.write({ 'models/m.sql': model('select 1 as id, 1 as p, 1 as v') });
        const first = await project.run('run', { fullRefresh: true });
        await project.write({ 'models/m.sql': model(sql) });
        const second = await project.run('run');

        assert.equal(first.status, 'success');
        assert.equal(second.nodes[0]?.error?.code, expected === null ? 'SCHEMA_CHANGED' : undefined, change);
        const kept = [{ id: 1, p: 1, v: 1 }];
        assert.deepEqual(await project.query('select * from @.m order by id'), expected ?? kept, change);
      }
    });
  }
}

test('sync_all_columns refuses a type that a value of the table does not have', async () => {
  const model = (sql: string): string => `{{config materialized="incremental" on_schema_change="sync_all_columns"}}\n${sql}`;
  await using project = await scratchProject({ 'models/m.sql': model(`select toUInt32(300) as a, 'x' as b`) });
  await project.run('run');

  for (const sql of [`select toUInt8(1) as a, 'y' as b`, 'select toUInt32(1) as a, 2 as b']) {
    await project.write({ 'models/m.sql': model(sql) });
    const { nodes } = await project.run('run');

    assert.equal(nodes[0]?.error?.code, 'SCHEMA_CHANGED', nodes[0]?.message);
    assert.match(nodes[0]?.message ?? '', /The column '[ab]' of the incremental model 'm' holds values that its new type cannot/);
    assert.deepEqual(await project.query('select * from @.m'), [{ a: 300, b: 'x' }]);
  }
});
