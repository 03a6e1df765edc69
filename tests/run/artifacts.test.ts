import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { GccflowError } from '../../framework/foundation/error.ts';
import type { Manifest, NodeId } from '../../framework/manifest/manifest.ts';
import { findRunResults, nodesToRetry, readRunResults } from '../../framework/run/read-run-results.ts';
import type { NodeResult, RunResult } from '../../framework/run/run-result.ts';
import { writeArtifacts } from '../../framework/run/write-artifacts.ts';
import { manifestOf } from '../support/manifest-of.ts';

/** A project with a node of every kind. */
const files = {
  'models/staging/orders.sql':
    '{{config materialized="incremental" order_by="id" tags="core" unique_key="id" engine="ReplacingMergeTree"}}\nselect id from {{source "raw" "orders"}}',
  'models/staging/places.sql': '{{config materialized="ephemeral"}}\nselect * from {{ref "countries"}}',
  'models/marts/sales.sql':
    '{{config pre_hook="select 1"}}\nselect id, \'{{var "note"}}\' as note from {{ref "orders"}} cross join {{ref "places"}}',
  'models/marts/old.sql': '{{config enabled=false}}\nselect 1',
  'models/shop.yaml': `kind: models
models:
  - name: orders
    description: All orders.
    tests: [{ row_count: { min: 1 } }]
    columns:
      - { name: id, type: UInt64, description: The key., tests: [not_null, unique, { relationships: { to: raw.orders, field: id } }] }
exposures:
  - { name: dashboard, owner: sales, url: 'https://example.org', depends_on: [sales] }
`,
  'sources/raw.yaml': `kind: source
name: raw
tables:
  - { name: orders, columns: [{ name: id, type: UInt64 }], loaded_at: loaded_at, freshness: { warn_after: 90m, error_after: 2d } }
`,
  'sources/seeds/countries.csv': 'code\nDE\n',
  'tests/data/no_orders_of_nobody.sql': 'select * from {{ref "orders"}} where id = 0',
  'macros/greet.hbs': 'select 1',
};

async function shop(): Promise<Manifest> {
  const project = 'name: shop\ntargets: { dev: { warehouse: { type: embedded } } }\nvars: { note: hush-hush, my_secret: "quite hidden" }\n';
  return (await manifestOf({ ...files, 'project.yaml': project })).manifest;
}

const cost = {
  queryId: 'q',
  elapsedMs: 5,
  readRows: 1,
  readBytes: 8,
  writtenRows: 2,
  writtenBytes: 16,
  memoryBytes: 100,
  sql: '/* gccflow */ select 2 -- quite hidden',
};

function resultOf(node: NodeId, rest: Partial<NodeResult> = {}): NodeResult {
  return {
    node,
    status: 'success',
    startedAt: new Date('2026-01-02T03:04:05Z'),
    durationMs: 1500,
    rowsWritten: 2,
    failures: null,
    error: null,
    skippedBy: null,
    message: '2 rows',
    statements: [cost, { ...cost, queryId: 'r', memoryBytes: 70 }],
    compiledSql: 'select 1',
    showSql: null,
    publicationId: 'p1',
    ...rest,
  };
}

const run: RunResult = {
  runId: '0198b6c0-0000-7000-8000-000000000000',
  command: 'build',
  status: 'error',
  startedAt: new Date('2026-01-02T03:04:05Z'),
  durationMs: 4000,
  nodes: [
    resultOf('model.orders', { compiledSql: 'select 1 -- quite hidden' }),
    resultOf('seed.countries', { status: 'unchanged', compiledSql: null, publicationId: null, statements: [] }),
    resultOf('test.not_null_orders_id', { status: 'warn', failures: 3, message: '3 failing rows', rowsWritten: null }),
    resultOf('test.no_orders_of_nobody', {
      status: 'fail',
      failures: 1,
      error: new GccflowError('TEST_FAILED', "The test 'no_orders_of_nobody' found 1 failing row."),
    }),
    resultOf('model.sales', {
      status: 'skipped',
      startedAt: null,
      durationMs: 0,
      skippedBy: 'model.orders',
      compiledSql: null,
      statements: [],
    }),
    resultOf('model.places', { status: 'cancelled', startedAt: null, durationMs: 0, statements: [] }),
  ],
};

/** Writes the artifacts of `run` into a folder of their own. */
async function written(manifest: Manifest) {
  const targetDir = mkdtempSync(join(tmpdir(), 'gccflow-target-'));
  await writeArtifacts(run, manifest, {
    targetDir,
    args: { select: ['tag:core'], vars: { api_token: 'open sesame', note: 'plain' }, text: '{"db_password": "open sesame", note: 1}' },
    version: '0.1.0',
    redact: (text) => text.replaceAll('hush-hush', '***'),
  });
  const read = (file: string) => JSON.parse(readFileSync(join(targetDir, file), 'utf8'));
  return { targetDir, read, [Symbol.dispose]: () => rmSync(targetDir, { recursive: true }) };
}

test('the manifest says of each node what tools read', async () => {
  using artifacts = await written(await shop());

  const manifest = artifacts.read('manifest.json');

  const orders = manifest.nodes['model.shop.orders'];
  assert.deepEqual(orders.depends_on.nodes, ['source.shop.raw.orders']);
  assert.deepEqual([orders.schema, orders.alias, orders.original_file_path], ['dbt', 'orders', 'models/staging/orders.sql']);
  const { name, data_type, description, tags, meta } = orders.columns.id;
  assert.deepEqual([name, data_type, description, tags, meta], ['id', 'UInt64', 'The key.', [], {}]);
  assert.deepEqual(manifest.child_map['source.shop.raw.orders'].includes('model.shop.orders'), true);
  const generic = Object.values<{ test_metadata?: { name: string; kwargs: object }; attached_node?: string }>(manifest.nodes).find(
    (node) => node.test_metadata?.name === 'not_null',
  );
  assert.deepEqual(generic?.test_metadata?.kwargs, { column_name: 'id', model: 'orders' });
  assert.equal(generic?.attached_node, 'model.shop.orders');
  assert.deepEqual(manifest.sources['source.shop.raw.orders'].freshness, {
    warn_after: { count: 90, period: 'minute' },
    error_after: { count: 2, period: 'day' },
    filter: null,
  });
  assert.deepEqual(Object.keys(manifest.disabled), ['model.shop.old']);
  assert.deepEqual(Object.keys(manifest.macros), ['macro.shop.greet']);
});

test('run results carry status, failures and what all statements of a node cost together', async () => {
  using artifacts = await written(await shop());

  const { results } = artifacts.read('run_results.json');

  assert.deepEqual(
    results.map(({ status }: { status: string }) => status),
    ['success', 'no-op', 'warn', 'fail', 'skipped', 'skipped'],
  );
  const [orders, , warned] = results;
  assert.equal(orders.relation_name, '`dbt`.`orders`');
  assert.deepEqual(orders.adapter_response.query_ids, ['q', 'r']);
  assert.deepEqual([orders.adapter_response.written_rows, orders.adapter_response.memory_peak], [4, 100]);
  assert.equal(orders.execution_time, 1.5);
  assert.match(warned.unique_id, /^test\.shop\.not_null_orders_id\.[0-9a-f]{10}$/);
  assert.equal(warned.failures, 3);
});

test('artifacts hold no secret', async () => {
  using artifacts = await written(await shop());

  const texts = ['manifest.json', 'run_results.json'].map((file) => readFileSync(join(artifacts.targetDir, file), 'utf8')).join('\n');

  assert.doesNotMatch(texts, /open sesame|hush-hush|hidden/);
  const { vars, text } = artifacts.read('run_results.json').args;
  assert.deepEqual(vars, { api_token: '***', note: 'plain' });
  assert.equal(text, '{"db_password": "***", note: 1}');
});

test('compiled SQL and what ran lie at the paths of their files, and nothing temporary stays', async () => {
  using artifacts = await written(await shop());

  const found = readdirSync(artifacts.targetDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

  const paths = found.map(({ parentPath, name }) => relative(artifacts.targetDir, join(parentPath, name))).toSorted();
  const files = [
    'models/shop.yaml/not_null_orders_id.sql',
    'models/staging/orders.sql',
    'models/staging/places.sql',
    'tests/data/no_orders_of_nobody.sql',
  ];
  const ran = files.filter((file) => !file.endsWith('places.sql'));
  assert.deepEqual(paths, [
    ...files.map((file) => `compiled/shop/${file}`),
    'manifest.json',
    ...ran.map((file) => `run/shop/${file}`),
    'run_results.json',
  ]);
  assert.equal(readFileSync(join(artifacts.targetDir, 'compiled/shop/models/staging/orders.sql'), 'utf8'), 'select 1 -- ***\n');
  const statements = readFileSync(join(artifacts.targetDir, 'run/shop/models/staging/orders.sql'), 'utf8');
  assert.match(statements, /^\/\* gccflow \*\/ select 2 -- \*\*\*;\n/);
});

test('the last run is read back by node, with the durations of what ran', async () => {
  using artifacts = await written(await shop());

  const last = await readRunResults(artifacts.targetDir);

  assert.deepEqual([last.runId, last.command], [run.runId, 'build']);
  assert.equal(last.statuses.get('test.not_null_orders_id'), 'warn');
  assert.equal(last.durationsMs.get('model.orders'), 1500);
  assert.equal(last.durationsMs.has('model.sales'), false);
});

test('a retry runs what failed and what was not reached', async () => {
  using artifacts = await written(await shop());

  const again = nodesToRetry(await readRunResults(artifacts.targetDir));

  assert.deepEqual(again, ['test.no_orders_of_nobody', 'model.sales', 'model.places']);
});

test("dbt's own run_results.json is read too", async () => {
  using artifacts = await written(await shop());
  const theirs = {
    metadata: { dbt_schema_version: 'https://schemas.getdbt.com/dbt/run-results/v6.json', env: {} },
    results: [
      { unique_id: 'test.jaffle.unique_id.0123456789', status: 'runtime error', execution_time: 0.5, adapter_response: {}, failures: null },
    ],
    elapsed_time: 1,
    args: { which: 'test', invocation_command: 'dbt test' },
  };
  writeFileSync(join(artifacts.targetDir, 'run_results.json'), JSON.stringify(theirs));

  const last = await readRunResults(artifacts.targetDir);

  assert.deepEqual(nodesToRetry(last), ['test.unique_id']);
});

test('without a run there are no results to read', async () => {
  using artifacts = await written(await shop());
  rmSync(join(artifacts.targetDir, 'run_results.json'));

  assert.equal(await findRunResults(artifacts.targetDir), null);
  await assert.rejects(readRunResults(artifacts.targetDir), { code: 'ARTIFACT_MISSING', message: /no run_results\.json/ });
});

test('a run_results.json that is none says so', async () => {
  using artifacts = await written(await shop());
  writeFileSync(join(artifacts.targetDir, 'run_results.json'), '{"results": 7}');

  await assert.rejects(readRunResults(artifacts.targetDir), {
    code: 'ARTIFACT_MISSING',
    message: /cannot be read: it is no run_results file/,
  });
});
