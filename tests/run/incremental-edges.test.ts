import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ScratchProject, scratchProject } from '../support/scratch-project.ts';

const row = fc.record({ id: fc.integer({ min: 0, max: 4 }), v: fc.integer({ min: 0, max: 99 }) }, { noNullPrototype: true });
const batches = fc.array(fc.array(row, { maxLength: 5 }), { minLength: 1, maxLength: 3 });

interface Row {
  readonly id: number;
  readonly v: number;
}

test('append: any batches give what one build of all of them gives', async () => {
  await using project = await batchProject('order_by="id"');

  await fc.assert(
    fc.asyncProperty(batches, async (all) => {
      await project.execute('drop table if exists @.m');
      for (const batch of all) await bring(project, batch);

      assert.deepEqual(await read(project, ''), all.flat().sort(byIdAndValue));
    }),
    { numRuns: 6 },
  );
});

test('append on a Replacing engine: FINAL shows the last row of each key, whatever the batches', async () => {
  await using project = await batchProject('engine="ReplacingMergeTree" order_by="id"');

  await fc.assert(
    fc.asyncProperty(batches, async (all) => {
      await project.execute('drop table if exists @.m');
      const last = new Map<number, Row>();
      for (const batch of all) {
        const unique = [...new Map(batch.map((each) => [each.id, each])).values()];
        await bring(project, unique);
        for (const each of unique) last.set(each.id, each);
      }

      assert.deepEqual(await read(project, 'final'), [...last.values()].sort(byIdAndValue));
    }),
    { numRuns: 6 },
  );
});

const strategies = {
  append: 'incremental_strategy="append"',
  delete_insert: 'incremental_strategy="delete_insert" unique_key="id"',
  insert_overwrite: 'incremental_strategy="insert_overwrite" partition_by="id"',
};
for (const [strategy, config] of Object.entries(strategies)) {
  test(`${strategy}: an empty batch changes nothing, and an empty first one makes an empty table`, async () => {
    await using project = await batchProject(config);

    await bring(project, []);
    const empty = await read(project, '');
    await bring(project, [{ id: 1, v: 2 }]);
    await bring(project, []);

    assert.deepEqual(empty, []);
    assert.deepEqual(await read(project, ''), [{ id: 1, v: 2 }]);
  });

  test(`${strategy}: projections, indexes and a TTL are kept, and rows that expire meanwhile do no harm`, async () => {
    const layout = [
      'projections=(list (map name="by_v" query="select v, count() group by v"))',
      'indexes=(list (map name="i" expression="v" type="minmax" granularity=1))',
      'ttl="toDateTime(v) + interval 1 day"',
      'settings=(map merge_with_ttl_timeout=0)',
    ].join(' ');
    await using project = await batchProject(`${config} ${layout}`);
    const lasting = 4_000_000_000;
    await bring(project, [
      { id: 1, v: 1 },
      { id: 2, v: lasting },
    ]);

    await bring(project, [
      { id: 1, v: 2 },
      { id: 3, v: lasting },
    ]);

    const kept = (await read(project, '')).filter(({ v }) => v === lasting).map(({ id }) => id);
    const [table] = await project.query<{ sql: string }>(
      `select create_table_query as sql from system.tables where database = '@' and name = 'm'`,
    );
    assert.deepEqual(kept, [2, 3]);
    for (const part of [/PROJECTION by_v/, /INDEX i v/, /TTL toDateTime\(v\)/]) assert.match(table?.sql ?? '', part);
  });
}

test('delete_insert keeps the rows of one batch as they come, and a unique test keeps twins from readers', async () => {
  await using project = await batchProject('incremental_strategy="delete_insert" unique_key="id"');
  await bring(project, [{ id: 1, v: 1 }]);
  const twins = [
    { id: 1, v: 2 },
    { id: 1, v: 3 },
  ];

  await bring(project, twins);
  const kept = await read(project, '');
  await project.write({ 'models/m.yaml': 'kind: models\nmodels:\n  - name: m\n    columns: [{ name: id, tests: [unique] }]\n' });
  const { status } = await project.run('build');

  assert.deepEqual(kept, twins);
  assert.equal(status, 'error');
});

test('a partition key may be NULL', async () => {
  for (const config of [strategies.delete_insert, 'incremental_strategy="insert_overwrite"']) {
    await using project = await batchProject(
      `${config} partition_by="p" settings=(map allow_nullable_key=1)`,
      'id, v, if(v = 0, null, v) as p',
    );
    await bring(project, [
      { id: 1, v: 0 },
      { id: 2, v: 5 },
    ]);

    await bring(project, [{ id: 1, v: 0 }]);

    assert.deepEqual(await project.query('select id, p from @.m order by id'), [
      { id: 1, p: null },
      { id: 2, p: 5 },
    ]);
  }
});

test('six hundred partitions are built, and one of them rewritten', async () => {
  await using project = await scratchProject({
    'models/m.sql': `{{config materialized="incremental" unique_key="id" partition_by="p"}}
select number as id, number % 600 as p, {{#if (is_incremental)}}'new'{{else}}'old'{{/if}} as v from numbers({{#if (is_incremental)}}1{{else}}6000{{/if}})`,
  });

  const first = await project.run('run');
  const second = await project.run('run');

  assert.deepEqual([first.nodes[0]?.error, second.nodes[0]?.error], [null, null]);
  assert.deepEqual(await project.query('select v, count() as rows, uniqExact(p) as partitions from @.m group by v order by v'), [
    { v: 'new', rows: '1', partitions: '1' },
    { v: 'old', rows: '5999', partitions: '600' },
  ]);
});

/** A model `m` that takes the rows of the table `batch`. */
async function batchProject(config: string, columns = 'id, v'): Promise<ScratchProject> {
  const project = await scratchProject({});
  await project.execute('create table @.batch (id Int32, v UInt32) engine = MergeTree order by tuple()');
  const sql = `{{config materialized="incremental" ${config}}}\nselect ${columns} from ${project.database}.batch`;
  await project.write({ 'models/m.sql': sql });
  return project;
}

async function bring(project: ScratchProject, batch: readonly Row[]): Promise<void> {
  await project.execute('truncate table @.batch');
  if (batch.length > 0) await project.execute(`insert into @.batch values ${batch.map(({ id, v }) => `(${id}, ${v})`).join(', ')}`);
  const { nodes } = await project.run('run');
  assert.equal(nodes[0]?.error, null);
}

async function read(project: ScratchProject, final: 'final' | ''): Promise<Row[]> {
  return (await project.query<Row>(`select id, v from @.m ${final}`)).sort(byIdAndValue);
}

function byIdAndValue(a: Row, b: Row): number {
  return a.id - b.id || a.v - b.v;
}
