import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InvalidProject } from '../../framework/foundation/diagnostics.ts';
import type { TestNode } from '../../framework/manifest/manifest.ts';
import { runTest, type TestOutcome } from '../../framework/run/run-test.ts';
import { manifestOf } from '../support/manifest-of.ts';
import { scratchWarehouse } from '../support/warehouse.ts';

interface Case {
  /** Properties below the model's name, as YAML in flow style. */
  readonly tests: string;
  /** Statements that make the tested table, `{db}.orders`. */
  readonly table: string;
  readonly engine?: string;
  readonly further?: string;
}

/** Runs the one test that `declared` puts on a model whose relation holds `rows`. */
async function outcomeOf({ tests, table, engine = 'MergeTree order by tuple()', further }: Case): Promise<TestOutcome> {
  await using scratch = await scratchWarehouse();
  const { warehouse, database } = scratch;
  const materialized = engine.startsWith('Replacing')
    ? `materialized: table, engine: ReplacingMergeTree, order_by: id`
    : 'materialized: table';
  const { manifest } = await manifestOf(
    {
      'models/orders.sql': 'select 1 as id',
      'models/customers.sql': 'select 1 as id',
      'models/orders.yaml': `kind: models\nmodels:\n  - name: orders\n    config: { ${materialized} }\n    ${tests}\n`,
    },
    database,
  );
  for (const statement of table.split(';\n')) {
    await warehouse.execute(statement.replaceAll('{db}', database).replaceAll('{engine}', engine));
  }
  if (further) await warehouse.execute(further.replaceAll('{db}', database));
  const [node] = [...manifest.nodes.values()].filter((found): found is TestNode => found.kind === 'test');
  assert.ok(node);

  return await runTest(node, { manifest, warehouse });
}

const orders = (select: string): string => `create table {db}.orders engine = {engine} as ${select}`;

const cases: readonly (Case & { readonly name: string; readonly status: TestOutcome['status']; readonly failures: number | null })[] = [
  {
    name: 'not_null passes where every row has a value',
    tests: 'columns: [{ name: id, tests: [not_null] }]',
    table: orders('select number as id from numbers(3)'),
    status: 'pass',
    failures: 0,
  },
  {
    name: 'not_null counts the rows without a value',
    tests: 'columns: [{ name: id, tests: [not_null] }]',
    table: orders("select * from values('id Nullable(Int32)', 1, 2, null)"),
    status: 'fail',
    failures: 1,
  },
  {
    name: 'unique ignores NULLs',
    tests: 'columns: [{ name: id, tests: [unique] }]',
    table: orders("select * from values('id Nullable(Int32)', 1, 2, null, null)"),
    status: 'pass',
    failures: 0,
  },
  {
    name: 'unique counts each value that several rows have',
    tests: 'columns: [{ name: id, tests: [unique] }]',
    table: orders("select * from values('id Int32', 1, 1, 1, 2, 3, 3)"),
    status: 'fail',
    failures: 2,
  },
  {
    name: 'unique over several columns counts each combination',
    tests: 'tests: [{ unique: { columns: [id, day] } }]',
    table: orders("select * from values('id Int32, day Int32', (1, 1), (1, 2), (2, 2), (2, 2))"),
    status: 'fail',
    failures: 1,
  },
  {
    name: 'unique over several columns ignores combinations with a NULL',
    tests: 'tests: [{ unique: { columns: [id, day] } }]',
    table: orders("select * from values('id Int32, day Nullable(Int32)', (1, null), (1, null), (2, 2))"),
    status: 'pass',
    failures: 0,
  },
  {
    name: 'unique reads a replacing table as it will be after its merges',
    tests: 'columns: [{ name: id, tests: [unique] }]',
    engine: 'ReplacingMergeTree order by id',
    table:
      'create table {db}.orders (id Int32) engine = {engine};\ninsert into {db}.orders values (1);\ninsert into {db}.orders values (1)',
    status: 'pass',
    failures: 0,
  },
  {
    name: 'accepted_values ignores NULL and takes texts with quotes',
    tests: `columns: [{ name: state, tests: [{ accepted_values: { values: ["it's", 'new', null] } }] }]`,
    table: orders(`select * from values('state Nullable(String)', 'it\\'s', 'new', null)`),
    status: 'pass',
    failures: 0,
  },
  {
    name: 'accepted_values counts each value outside the list',
    tests: 'columns: [{ name: state, tests: [{ accepted_values: { values: [new] } }] }]',
    table: orders("select * from values('state LowCardinality(String)', 'new', 'old', 'old', 'gone')"),
    status: 'fail',
    failures: 2,
  },
  {
    name: 'accepted_values compares numbers with numbers',
    tests: 'columns: [{ name: state, tests: [{ accepted_values: { values: [1, 2] } }] }]',
    table: orders("select * from values('state Int8', 1, 2, 3)"),
    status: 'fail',
    failures: 1,
  },
  {
    name: 'accepted_values without quotes takes SQL expressions',
    tests: "columns: [{ name: day, tests: [{ accepted_values: { values: ['toDate(0)', 'toDate(1)'], quote: false } }] }]",
    table: orders('select toDate(number) as day from numbers(2)'),
    status: 'pass',
    failures: 0,
  },
  {
    name: 'accepted_values takes values of an Enum that the Enum does not have',
    tests: 'columns: [{ name: state, tests: [{ accepted_values: { values: [new, never] } }] }]',
    table: orders(`select cast('new' as Enum('new' = 1, 'old' = 2)) as state`),
    status: 'pass',
    failures: 0,
  },
  {
    name: 'relationships passes for NULL and for values that the other relation has',
    tests: 'columns: [{ name: customer, tests: [{ relationships: { to: customers, field: id } }] }]',
    table: orders("select * from values('customer Nullable(Int32)', 1, 2, null)"),
    further: "create table {db}.customers engine = Memory as select * from values('id Nullable(UInt8)', 1, 2, null)",
    status: 'pass',
    failures: 0,
  },
  {
    name: 'relationships counts each row that refers to nothing, whatever the integer types',
    tests: 'columns: [{ name: customer, tests: [{ relationships: { to: customers, field: id } }] }]',
    table: orders("select * from values('customer Int64', 1, 257, 0, 0)"),
    further: "create table {db}.customers engine = Memory as select * from values('id Nullable(UInt8)', 1, 2, null)",
    status: 'fail',
    failures: 3,
  },
  {
    name: 'row_count passes within its limits',
    tests: 'tests: [{ row_count: { min: 1, max: 3 } }]',
    table: orders('select number as id from numbers(3)'),
    status: 'pass',
    failures: 0,
  },
  {
    name: 'row_count fails for an empty relation',
    tests: 'tests: [{ row_count: { min: 1 } }]',
    table: orders('select number as id from numbers(0)'),
    status: 'fail',
    failures: 1,
  },
  {
    name: 'row_count fails above its maximum',
    tests: 'tests: [{ row_count: { max: 2 } }]',
    table: orders('select number as id from numbers(3)'),
    status: 'fail',
    failures: 1,
  },
  {
    name: 'expression counts the rows for which it is false, and not those for which it is NULL',
    tests: `tests: [{ expression: { expression: "total >= 0 -- never negative" } }]`,
    table: orders("select * from values('total Nullable(Int32)', 1, null, -1)"),
    status: 'fail',
    failures: 1,
  },
  {
    name: 'freshness_of passes for a new enough value',
    tests: 'columns: [{ name: at, tests: [{ freshness_of: { max_age: 1h } }] }]',
    table: orders('select now() - interval number day as at from numbers(3)'),
    status: 'pass',
    failures: 0,
  },
  {
    name: 'freshness_of fails where the newest value is too old',
    tests: 'columns: [{ name: at, tests: [{ freshness_of: { max_age: 1h } }] }]',
    table: orders('select now64(6) - interval number + 2 hour as at from numbers(3)'),
    status: 'fail',
    failures: 1,
  },
  {
    name: 'freshness_of takes dates',
    tests: 'columns: [{ name: at, tests: [{ freshness_of: { max_age: 3d } }] }]',
    table: orders('select toNullable(today()) as at'),
    status: 'pass',
    failures: 0,
  },
  {
    name: 'freshness_of fails where there is no value',
    tests: 'columns: [{ name: at, tests: [{ freshness_of: { max_age: 1h } }] }]',
    table: orders('select now() as at from numbers(0)'),
    status: 'fail',
    failures: 1,
  },
  {
    name: 'a column with spaces, quotes and unicode is tested like any other',
    tests: 'columns: [{ name: "gr`öße \\\\ of \'it\'", tests: [unique] }]',
    table: "create table {db}.orders (`gr\\`öße \\\\ of 'it'` Int32) engine = {engine};\ninsert into {db}.orders values (1), (1)",
    status: 'fail',
    failures: 1,
  },
];

for (const { name, status, failures, ...declared } of cases) {
  test(name, async () => {
    const outcome = await outcomeOf(declared);

    assert.deepEqual({ status: outcome.status, failures: outcome.failures }, { status, failures }, outcome.message);
  });
}

test('unique for a whole node without columns is a mistake of the project', async () => {
  const properties = 'kind: models\nmodels: [{ name: orders, tests: [unique] }]\n';

  const loading = manifestOf({ 'models/orders.sql': 'select 1 as id', 'models/orders.yaml': properties });

  await assert.rejects(loading, (thrown: InvalidProject) => {
    assert.deepEqual(
      thrown.errors.map(({ code, at }) => [code, at?.file, at?.line]),
      [['VALUE_INVALID', 'models/orders.yaml', 2]],
    );
    return true;
  });
});
