import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest, TestNode } from '../../framework/manifest/manifest.ts';
import { runTest } from '../../framework/run/run-test.ts';
import { manifestOf } from '../support/manifest-of.ts';
import { type ScratchWarehouse, scratchWarehouse } from '../support/warehouse.ts';

/** A project whose one test finds the negative totals of a table with the totals -2, -1, 1. */
async function negativeTotals(
  config: string,
  sql = 'select * from {{ref "orders"}} where total < 0',
): Promise<{ scratch: ScratchWarehouse; manifest: Manifest; node: TestNode }> {
  const scratch = await scratchWarehouse();
  await scratch.warehouse.execute(
    `create table ${scratch.database}.orders engine = Memory as select * from values('total Int32', -2, -1, 1)`,
  );
  const files = { 'models/orders.sql': 'select 1 as total', 'tests/data/no_negative_totals.sql': `{{config ${config}}}\n${sql}` };
  const { manifest } = await manifestOf(files, scratch.database);
  const node = manifest.nodes.get('test.no_negative_totals');
  assert.ok(node?.kind === 'test');
  return { scratch, manifest, node };
}

const verdicts = [
  { config: 'severity="error"', status: 'fail', failures: 2, message: '2 failing rows' },
  { config: 'severity="warn"', status: 'warn', failures: 2, message: '2 failing rows' },
  { config: 'severity="warn" warn_if="> 5"', status: 'pass', failures: 2, message: '2 failing rows, which its limits permit' },
  { config: 'error_if="> 2"', status: 'warn', failures: 2, message: '2 failing rows' },
  { config: 'error_if="> 2" warn_if="> 2"', status: 'pass', failures: 2, message: '2 failing rows, which its limits permit' },
  { config: 'error_if="between 1 and 2"', status: 'fail', failures: 2, message: '2 failing rows' },
  { config: 'limit=1', status: 'fail', failures: 1, message: '1 failing row' },
  { config: 'fail_calc="-min(total)" error_if=">= 2"', status: 'fail', failures: 2, message: '-min(total) gives 2' },
] as const;

for (const { config, ...expected } of verdicts) {
  test(`a test with ${config} that finds two rows ends as ${expected.status}`, async () => {
    const { scratch, manifest, node } = await negativeTotals(config);
    await using _ = scratch;

    const { status, failures, message } = await runTest(node, { manifest, warehouse: scratch.warehouse });

    assert.deepEqual({ status, failures, message }, expected);
  });
}

test('a failed test gives a query that shows its rows', async () => {
  const { scratch, manifest, node } = await negativeTotals('limit=10', 'select * from {{ref "orders"}} where total < 0 order by total');
  await using _ = scratch;

  const outcome = await runTest(node, { manifest, warehouse: scratch.warehouse });

  assert.equal(outcome.error?.code, 'TEST_FAILED');
  assert.deepEqual(outcome.error.at, { file: 'tests/data/no_negative_totals.sql', line: 1, column: 1 });
  assert.ok(outcome.showSql);
  assert.deepEqual(await scratch.warehouse.query(outcome.showSql), [{ total: -2 }, { total: -1 }]);
});

test('a test that finds nothing has nothing to show', async () => {
  const { scratch, manifest, node } = await negativeTotals('', 'select * from {{ref "orders"}} where total > 1');
  await using _ = scratch;

  const outcome = await runTest(node, { manifest, warehouse: scratch.warehouse });

  assert.deepEqual([outcome.status, outcome.failures, outcome.showSql, outcome.error], ['pass', 0, null, null]);
});

test('a sum over no rows counts as no failures', async () => {
  const { scratch, manifest, node } = await negativeTotals(
    'fail_calc="sumOrNull(total)"',
    'select * from {{ref "orders"}} where total > 1',
  );
  await using _ = scratch;

  const outcome = await runTest(node, { manifest, warehouse: scratch.warehouse });

  assert.deepEqual([outcome.status, outcome.failures], ['pass', 0]);
});

test('a test whose SQL the warehouse refuses ends as an error, not as a failure', async () => {
  const { scratch, manifest, node } = await negativeTotals('severity="warn"', 'select no_such_column from {{ref "orders"}}');
  await using _ = scratch;

  const outcome = await runTest(node, { manifest, warehouse: scratch.warehouse });

  assert.deepEqual([outcome.status, outcome.failures, outcome.error?.code], ['error', null, 'WAREHOUSE_QUERY']);
  assert.match(outcome.message, /no_such_column/);
});

test('a test looks at the stage that stands in for a relation', async () => {
  const { scratch, manifest, node } = await negativeTotals('');
  await using _ = scratch;
  const { database, warehouse } = scratch;
  await warehouse.execute(`create table ${database}.stage engine = Memory as select toInt32(-7) as total`);

  const outcome = await runTest(node, { manifest, warehouse, relationOf: () => ({ database, name: 'stage' }) });

  assert.equal(outcome.failures, 1);
});

test('stored failures are replaced by each run, and counted as stored', async () => {
  const { scratch, manifest, node } = await negativeTotals('store_failures=true');
  await using _ = scratch;
  const { database, warehouse } = scratch;
  await runTest(node, { manifest, warehouse });
  await warehouse.execute(`create or replace table ${database}.orders engine = Memory as select toInt32(-5) as total`);

  const outcome = await runTest(node, { manifest, warehouse });

  assert.deepEqual([outcome.status, outcome.failures], ['fail', 1]);
  assert.deepEqual(outcome.storedIn, { database: '_gccflow', name: 'test_failures__no_negative_totals' });
  assert.deepEqual(await warehouse.query('select * from _gccflow.test_failures__no_negative_totals'), [{ total: -5 }]);
  assert.match(outcome.error?.hint ?? '', /_gccflow/);
});

test('where narrows the rows that a generic test looks at', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  await warehouse.execute(
    `create table ${database}.orders engine = Memory as select * from values('id Nullable(Int32), day Int32', (null, 1), (null, 2), (3, 2))`,
  );
  const tests = `[{ not_null: { config: { where: "day = {{var 'day' 2}}" } } }]`;
  const properties = `kind: models\nmodels: [{ name: orders, columns: [{ name: id, tests: ${tests} }] }]\n`;
  const { manifest } = await manifestOf({ 'models/orders.sql': 'select 1 as id', 'models/orders.yaml': properties }, database);
  const node = manifest.nodes.get('test.not_null_orders_id');
  assert.ok(node?.kind === 'test');

  const outcome = await runTest(node, { manifest, warehouse });

  assert.equal(outcome.failures, 1);
});

test('a generic test of the project runs with its arguments, on a stage as on the relation itself', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  await warehouse.execute(`create table ${database}.orders engine = Memory as select number as id from numbers(5)`);
  await warehouse.execute(`create table ${database}.stage engine = Memory as select number as id from numbers(9)`);
  const properties = 'kind: models\nmodels: [{ name: orders, columns: [{ name: id, tests: [{ below: { limit_of_id: 3 } }] }] }]\n';
  const files = {
    'models/orders.sql': 'select 1 as id',
    'models/orders.yaml': properties,
    'tests/generic/below.sql': 'select * from {{model}} where {{identifier column_name}} >= {{limit_of_id}}',
  };
  const { manifest } = await manifestOf(files, database);
  const node = manifest.nodes.get('test.below_orders_id__3');
  assert.ok(node?.kind === 'test');

  const live = await runTest(node, { manifest, warehouse });
  const staged = await runTest(node, { manifest, warehouse, relationOf: () => ({ database, name: 'stage' }) });

  assert.deepEqual([live.failures, staged.failures], [2, 6]);
});

test('a test of an ephemeral model looks at its rows', async () => {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const properties = 'kind: models\nmodels: [{ name: three, columns: [{ name: id, tests: [{ accepted_values: { values: [0, 1] } }] }] }]\n';
  const files = {
    'models/three.sql': '{{config materialized="ephemeral"}}\nselect number as id from numbers(3)',
    'models/three.yaml': properties,
  };
  const { manifest } = await manifestOf(files, database);
  const node = manifest.nodes.get('test.accepted_values_three_id__0__1');
  assert.ok(node?.kind === 'test');

  const outcome = await runTest(node, { manifest, warehouse });

  assert.deepEqual([outcome.status, outcome.failures], ['fail', 1]);
});

test('an aborted test throws instead of ending as an error', async () => {
  const { scratch, manifest, node } = await negativeTotals('');
  await using _ = scratch;
  const reason = new Error('stopped by SIGINT');

  await assert.rejects(runTest(node, { manifest, warehouse: scratch.warehouse, signal: AbortSignal.abort(reason) }), reason);
});
