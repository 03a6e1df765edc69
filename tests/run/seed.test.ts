import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { scratchProject } from '../support/scratch-project.ts';

test('a value of the wrong type names file, line and column, and loads nothing', async () => {
  const good = 'id,title,views\n1,"two\nlines",10\n2,b,20\n';
  await using project = await scratchProject({
    'sources/seeds/post.csv': good,
    'sources/seeds/post.yaml':
      'kind: seeds\nseeds:\n  - name: post\n    config: { column_types: { id: Int32, title: String, views: Int32 } }\n',
  });
  await project.run('seed');
  await project.write({ 'sources/seeds/post.csv': `${good}3,c,many\n` });

  const { nodes } = await project.run('seed');

  const error = nodes[0]?.error;
  assert.equal(error?.code, 'SEED_INVALID');
  assert.deepEqual(error?.at, { file: 'sources/seeds/post.csv', line: 5, column: 3 });
  assert.match(error?.message ?? '', /'views' \(Int32\)/);
  assert.equal((await project.query('select * from @.post')).length, 2);
  assert.deepEqual(await project.staging(), []);
});

test('a packed seed is read as it is, with types inferred by ClickHouse', async () => {
  await using project = await scratchProject({
    'sources/seeds/post.csv.gz': gzipSync('id,at,score,note\n1,2018-01-02,,x\n2,2018-01-03,2.5,\n'),
  });

  const { nodes } = await project.run('seed');

  assert.deepEqual(
    nodes.map(({ rowsWritten, error }) => [rowsWritten, error]),
    [[2, null]],
  );
  assert.deepEqual(await project.query('select id, at, score, note, toTypeName(score) as type from @.post order by id'), [
    { id: '1', at: '2018-01-02', score: null, note: 'x', type: 'Nullable(Float64)' },
    { id: '2', at: '2018-01-03', score: 2.5, note: '', type: 'Nullable(Float64)' },
  ]);
});

test('a seed is loaded again when its bytes or its config change, and on a full refresh', async () => {
  await using project = await scratchProject({ 'sources/seeds/post.csv': 'id\n1\n' });
  const status = async (options = {}) => (await project.run('seed', options)).nodes[0]?.status;

  const first = await status();
  const same = await status();
  const refreshed = await status({ fullRefresh: true });
  await project.write({ 'sources/seeds/post.csv': 'id\n2\n' });
  const changed = await status();

  assert.deepEqual([first, same, refreshed, changed], ['success', 'unchanged', 'success', 'success']);
  assert.deepEqual(await project.query('select id from @.post'), [{ id: '2' }]);
});

test('a type declared for a column that the file does not have is a mistake, with the nearest name', async () => {
  await using project = await scratchProject({
    'sources/seeds/post.csv': 'id,views\n1,2\n',
    'sources/seeds/post.yaml': 'kind: seeds\nseeds:\n  - name: post\n    config: { column_types: { view: Int32 } }\n',
  });

  await assert.rejects(project.run('seed'), { code: 'SEED_INVALID', hint: "Did you mean 'views'?" });
});
