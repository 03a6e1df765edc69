import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidProject } from '../../framework/foundation/diagnostics.ts';
import { type ScratchProject, scratchProject } from '../support/scratch-project.ts';

const sql = (select: string, materialized = 'table') => `{{config materialized="${materialized}" contract="enforced"}}\n${select}`;

const properties = (columns: string, rest = '') => `kind: models\nmodels:\n  - name: a\n    columns:\n${columns}${rest}`;

const columns = `      - { name: id, type: UInt32 }
      - { name: price, data_type: 'Decimal(18,2)', constraints: [{ type: check, expression: price >= 0 }] }
      - { name: title, type: Nullable(String), constraints: [{ type: not_null }] }
`;

const good = "select toUInt32(1) as id, toDecimal64(1.5, 2) as price, 'x'::Nullable(String) as title";

for (const materialized of ['table', 'view']) {
  test(`a ${materialized} that keeps its contract is published, and one whose columns break it is not`, async () => {
    await using project = await contracted(good, materialized);
    assert.equal((await project.run('run')).status, 'success');
    await project.write({ 'models/a.sql': sql("select toUInt64(2) as id, toDecimal64(1.5, 2) as price, 'x' as name", materialized) });

    const { status, nodes } = await project.run('run');

    assert.equal(status, 'error');
    assert.equal(nodes[0]?.error?.code, 'CONTRACT_BROKEN');
    assert.deepEqual(nodes[0]?.error?.message.split('\n').slice(1), [
      "The contract of 'a' promises 'id' as UInt32, and the model returns UInt64.",
      "The contract of 'a' promises the column 'title', which the model does not return.",
      "The model 'a' returns the column 'name' (String), which its contract does not have.",
    ]);
    assert.deepEqual(nodes[0]?.error?.at, { file: 'models/a.yaml', line: 5, column: 17 });
    assert.deepEqual(await project.query('select id from @.a'), [{ id: 1 }]);
  });
}

test('rows that break a constraint are counted, not published, and kept for a look', async () => {
  await using project = await contracted(good);
  await project.run('run');
  await project.write({
    'models/a.sql': sql(
      "select toUInt32(number) as id, toDecimal64(number - 2, 2) as price, if(number = 4, null, 'x')::Nullable(String) as title from numbers(5)",
    ),
    'models/a.yaml': properties(columns, '    constraints: [{ type: check, name: few, expression: id < 4 }]\n'),
  });

  const { nodes } = await project.run('run');

  const error = nodes[0]?.error;
  assert.deepEqual(error?.message.split('\n').slice(1), [
    "2 rows break the check 'price >= 0'.",
    "1 row breaks the not_null of 'title'.",
    "1 row breaks the check 'few' 'id < 4'.",
  ]);
  assert.deepEqual(await project.query('select id from @.a'), [{ id: 1 }]);
  const [, show = ''] = error?.hint?.split('\n') ?? [];
  assert.equal((await project.query(show)).length, 2);
});

test('an incremental model is held to its contract on every run', async () => {
  await using project = await contracted(good, 'incremental');
  await project.run('run');
  await project.write({ 'models/a.sql': sql(good.replace('1.5', '-1.5'), 'incremental') });

  const { nodes } = await project.run('run');

  assert.equal(nodes[0]?.error?.code, 'CONTRACT_BROKEN');
  assert.deepEqual(await project.query('select count() as n from @.a'), [{ n: '1' }]);
});

test('a contract that leaves a type open, or has no columns, is a mistake of the project', async () => {
  await using open = await contracted(good);
  await open.write({ 'models/a.yaml': properties('      - name: id\n') });
  await using none = await scratchProject({ 'models/a.sql': sql(good) });

  await assert.rejects(open.run('run'), (thrown) =>
    mistake(thrown).includes("CONFIG_CONFLICT models/a.yaml:5 The contract of 'a' is enforced, and its column 'id' has no type."),
  );
  await assert.rejects(none.run('run'), (thrown) =>
    mistake(thrown).includes("CONFIG_CONFLICT models/a.sql:1 The contract of 'a' is enforced, and no column is declared."),
  );
});

function contracted(select: string, materialized?: string): Promise<ScratchProject> {
  return scratchProject({ 'models/a.sql': sql(select, materialized), 'models/a.yaml': properties(columns) });
}

function mistake(thrown: unknown): string {
  assert.ok(thrown instanceof InvalidProject);
  return thrown.errors.map(({ code, at, message }) => `${code} ${at?.file}:${at?.line} ${message}`).join('\n');
}
