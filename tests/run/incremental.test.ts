import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RunResult } from '../../framework/run/run-result.ts';
import { type ScratchProject, scratchProject } from '../support/scratch-project.ts';

test('delete_insert replaces rows by key, and a key that moved to another partition leaves no twin', async () => {
  await using project = await batchProject(`incremental_strategy="delete_insert" unique_key="id" partition_by="p"`);
  await bring(project, [
    [1, 10, 'a'],
    [2, 10, 'b'],
    [3, 20, 'c'],
  ]);

  await bring(project, [
    [1, 20, 'A'],
    [4, 30, 'd'],
  ]);

  assert.deepEqual(await rows(project), [
    [1, 20, 'A'],
    [2, 10, 'b'],
    [3, 20, 'c'],
    [4, 30, 'd'],
  ]);
});

test('delete_insert takes NULL keys as equal', async () => {
  await using project = await batchProject(`incremental_strategy="delete_insert" unique_key=(list "id" "p")`);
  await bring(project, [
    [null, 1, 'a'],
    [null, 2, 'b'],
    [7, 1, 'c'],
  ]);

  await bring(project, [[null, 1, 'A']]);

  assert.deepEqual(await rows(project), [
    [7, 1, 'c'],
    [null, 1, 'A'],
    [null, 2, 'b'],
  ]);
});

test('delete_insert with no new rows changes nothing', async () => {
  await using project = await batchProject(`incremental_strategy="delete_insert" unique_key="id"`);
  await bring(project, [[1, 1, 'a']]);

  await bring(project, []);

  assert.deepEqual(await rows(project), [[1, 1, 'a']]);
});

test('insert_overwrite replaces the partitions of the new rows and leaves the others', async () => {
  await using project = await batchProject(`incremental_strategy="insert_overwrite" partition_by="p"`);
  await bring(project, [
    [1, 10, 'a'],
    [2, 10, 'b'],
    [3, 20, 'c'],
  ]);

  await bring(project, [[9, 10, 'z']]);

  assert.deepEqual(await rows(project), [
    [3, 20, 'c'],
    [9, 10, 'z'],
  ]);
});

test('insert_overwrite empties the partitions of its range that no new row came for', async () => {
  const range = `overwrite_range=(map column="p" from="10" to="30")`;
  await using project = await batchProject(`incremental_strategy="insert_overwrite" partition_by="p" ${range}`);
  await bring(project, [
    [1, 10, 'a'],
    [2, 20, 'b'],
    [3, 30, 'c'],
  ]);

  await bring(project, [[9, 10, 'z']]);

  assert.deepEqual(await rows(project), [
    [3, 30, 'c'],
    [9, 10, 'z'],
  ]);
  const partitions = await project.query(`select distinct partition from system.parts where active and database = '@' and table = 'm'`);
  assert.equal(partitions.length, 2);
});

test('append adds the rows, and on a Replacing engine FINAL shows the last of each key', async () => {
  await using project = await batchProject(
    `engine="ReplacingMergeTree" order_by="id" unique_key="id"`,
    'toInt32(assumeNotNull(id)) as id, p, v',
  );
  await bring(project, [
    [1, 1, 'a'],
    [2, 1, 'b'],
  ]);

  await bring(project, [[1, 1, 'A']]);

  assert.deepEqual(await project.query('select id, v from @.m final order by id'), [
    { id: 1, v: 'A' },
    { id: 2, v: 'b' },
  ]);
});

test('rows come in by name, whatever the order of the columns', async () => {
  await using project = await batchProject('');
  await bring(project, [[1, 10, 'a']]);
  await project.write({
    'models/m.sql': `{{config materialized="incremental"}}\nselect v, p, id from @.batch`.replace('@', project.database),
  });

  await bring(project, [[2, 20, 'b']]);

  assert.deepEqual(await rows(project), [
    [1, 10, 'a'],
    [2, 20, 'b'],
  ]);
});

test('a full refresh builds the table anew from the whole SELECT', async () => {
  await using project = await batchProject('');
  await bring(project, [[1, 1, 'a']]);
  await project.execute('truncate table @.batch');
  await project.execute(`insert into @.batch values (2, 2, 'b')`);

  succeed(await project.run('run', { fullRefresh: true }));

  assert.deepEqual(await rows(project), [[2, 2, 'b']]);
});

test('a half-built table left by somebody else is no ground for an incremental run', async () => {
  await using project = await batchProject('');
  await project.execute(`create table @.m (id Nullable(Int32), p Int32, v String) engine = MergeTree order by tuple()`);
  await project.execute(`insert into @.m values (99, 99, 'foreign')`);

  const result = await bring(project, [[1, 1, 'a']]);

  assert.equal(result.nodes[0]?.message, '1 row');
  assert.deepEqual(await rows(project), [[1, 1, 'a']]);
  const [kept] = await project.staging();
  assert.deepEqual(await project.query(`select v from _gccflow.\`${kept}\``), [{ v: 'foreign' }]); // never destroyed
});

test('any sequence of batches by key gives the table that the last row of each key gives', async () => {
  await using project = await batchProject(`incremental_strategy="delete_insert" unique_key="id" partition_by="p"`);
  const row = fc.tuple(fc.option(fc.integer({ min: 0, max: 6 })), fc.integer({ min: 0, max: 3 }), fc.constantFrom('a', 'b', 'c'));
  const batch = fc.uniqueArray(row, { selector: ([id]) => id, maxLength: 6 });

  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 4 }), async (batches) => {
      await project.execute('drop table if exists @.m');
      const expected = new Map<number | null, Row>();
      for (const rowsOfBatch of batches) {
        await bring(project, rowsOfBatch);
        for (const each of rowsOfBatch) expected.set(each[0], each);
      }
      assert.deepEqual(await rows(project), [...expected.values()].sort(byKey));
    }),
    { numRuns: 12 },
  );
});

test('any sequence of whole partitions gives the table that a full build of the last of each gives', async () => {
  await using project = await batchProject(`incremental_strategy="insert_overwrite" partition_by="p"`);
  const partition = fc.record({
    p: fc.integer({ min: 0, max: 3 }),
    values: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
  });
  const batch = fc.uniqueArray(partition, { selector: ({ p }) => p, maxLength: 3 });

  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 4 }), async (batches) => {
      await project.execute('drop table if exists @.m');
      const expected = new Map<number, Row[]>();
      for (const each of batches) {
        for (const { p, values } of each)
          expected.set(
            p,
            values.map((v): Row => [0, p, v]),
          );
        await bring(
          project,
          each.flatMap(({ p, values }) => values.map((v): Row => [0, p, v])),
        );
      }
      assert.deepEqual(await rows(project), [...expected.values()].flat().sort(byKey));
    }),
    { numRuns: 10 },
  );
});

type Row = readonly [number | null, number, string];

/** A model `m` that takes the rows of the table `batch`. */
async function batchProject(config: string, columns = 'id, p, v'): Promise<ScratchProject> {
  const project = await scratchProject({});
  await project.execute('create table @.batch (id Nullable(Int32), p Int32, v String) engine = MergeTree order by tuple()');
  const sql = `{{config materialized="incremental" ${config}}}\nselect ${columns} from ${project.database}.batch`;
  await project.write({ 'models/m.sql': sql });
  return project;
}

async function bring(project: ScratchProject, batch: readonly Row[]): Promise<RunResult> {
  await project.execute('truncate table @.batch');
  const values = batch.map(([id, p, v]) => `(${id === null ? 'NULL' : id}, ${p}, '${v}')`).join(', ');
  if (values !== '') await project.execute(`insert into @.batch values ${values}`);
  return succeed(await project.run('run'));
}

function succeed(result: RunResult): RunResult {
  for (const { error } of result.nodes) if (error) throw error;
  assert.equal(result.status, 'success');
  return result;
}

async function rows(project: ScratchProject): Promise<Row[]> {
  const found = await project.query<{ id: number | null; p: number; v: string }>('select id, p, v from @.m');
  return found.map(({ id, p, v }): Row => [id, p, v]).sort(byKey);
}

function byKey(a: Row, b: Row): number {
  return (a[0] ?? 1e9) - (b[0] ?? 1e9) || a[1] - b[1] || a[2].localeCompare(b[2]);
}
