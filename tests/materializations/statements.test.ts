import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { materializations } from '../../framework/materializations/index.ts';
import type { BuildInput } from '../../framework/materializations/materialization.ts';
import { stepSql } from '../../framework/plan/explain-plan.ts';
import { ModelConfig, type ModelConfigInput } from '../../framework/project/model-config.ts';

/** Golden statements: `node --test --test-update-snapshots` writes them anew. */
const goldens: Readonly<Record<string, { config: ModelConfigInput; incremental?: boolean }>> = {
  view: { config: {} },
  table: {
    config: {
      materialized: 'table',
      engine: 'ReplacingMergeTree(updated_at)',
      order_by: 'id, updated_at',
      primary_key: 'id',
      partition_by: 'toYYYYMM(updated_at)',
      ttl: 'updated_at + interval 1 year',
      settings: { index_granularity: 1024 },
      query_settings: { join_use_nulls: 1 },
      codecs: { id: 'Delta, ZSTD(3)' },
      indexes: [{ name: 'by name', expression: 'name', type: 'bloom_filter', granularity: 2 }],
      projections: [{ name: 'totals', query: 'select id, count() group by id' }],
    },
  },
  'table without a sorting engine': { config: { materialized: 'table', engine: 'Memory' } },
  'incremental, first run': { config: { materialized: 'incremental' } },
  'incremental append, next run': { config: { materialized: 'incremental' }, incremental: true },
  'incremental delete_insert, next run': { config: { materialized: 'incremental', unique_key: ['id', 'da`y'] }, incremental: true },
  'incremental insert_overwrite, next run': {
    config: {
      materialized: 'incremental',
      incremental_strategy: 'insert_overwrite',
      partition_by: 'day',
      overwrite_range: { column: 'day', from: 'today() - 2', to: 'today()' },
    },
    incremental: true,
  },
  'snapshot by timestamp, first run': { config: { materialized: 'snapshot', unique_key: ['id'], updated_at: 'changed' } },
  'snapshot by timestamp, next run': {
    config: { materialized: 'snapshot', unique_key: ['id'], updated_at: 'changed', valid_to_current: `toDate32('2299-12-31')` },
    incremental: true,
  },
  'snapshot by values, next run': {
    config: { materialized: 'snapshot', unique_key: ['id', 'da`y'], check_cols: 'all', hard_deletes: 'new_record' },
    incremental: true,
  },
  materialized_view: { config: { materialized: 'materialized_view', engine: 'SummingMergeTree', order_by: 'id', watermark: 'at' } },
  'materialized_view from now on': { config: { materialized: 'materialized_view', catchup: 'none' } },
  'materialized_view that changed': { config: { materialized: 'materialized_view', watermark: 'at' }, incremental: true },
  'materialized_view, refreshable': { config: { materialized: 'materialized_view', refresh: 'every 1 hour' } },
  dictionary: { config: { materialized: 'dictionary', primary_key: 'id' } },
  'dictionary that reads by itself': {
    config: {
      materialized: 'dictionary',
      primary_key: '(id, `da y`)',
      layout: 'complex_key_cache(size_in_cells 1000)',
      lifetime: '5m',
      named_collection: 'reader',
    },
  },
  seed: { config: { materialized: 'seed', delimiter: ';', order_by: 'id' } },
};

for (const [name, { config, incremental = false }] of Object.entries(goldens)) {
  test(`the statements of a ${name}`, (t: TestContext) => {
    const { steps, commit = [], mode, scratch } = plan(config, incremental);

    const text = [...steps, ...commit].map((step) => `-- ${step.purpose}\n${stepSql(step)}\n${settingsOf(step)}`).join('\n');
    t.assert.snapshot(`-- mode: ${mode}\n${text}\n-- dropped: ${scratch.map((table) => table.name).join(', ')}`, { serializers: [String] });
  });
}

test('no step writes to the live relation', () => {
  for (const { config, incremental = false } of Object.values(goldens)) {
    const written = plan(config, incremental).steps.filter((step) =>
      /(insert into|alter table|drop|exchange|rename|delete).*`dbt`/i.test(stepSql(step)),
    );

    assert.deepEqual(written, []);
  }
});

test('contradictions in a config are found before anything runs', () => {
  const mistakes = (config: ModelConfigInput) =>
    materializations
      .get(config.materialized ?? 'view')
      ?.check(ModelConfig.parse(config))
      .map(({ key }) => key);

  assert.deepEqual(mistakes({ materialized: 'incremental', incremental_strategy: 'delete_insert' }), ['unique_key']);
  assert.deepEqual(mistakes({ materialized: 'incremental', incremental_strategy: 'insert_overwrite' }), ['partition_by']);
  assert.deepEqual(mistakes({ materialized: 'incremental', engine: 'Memory' }), ['engine']);
  assert.deepEqual(mistakes({ materialized: 'snapshot' }), ['unique_key', 'updated_at']);
  assert.deepEqual(mistakes({ materialized: 'snapshot', unique_key: ['id'], strategy: 'check' }), ['check_cols']);
  assert.deepEqual(mistakes({ materialized: 'snapshot', unique_key: ['id'], updated_at: 'at', check_cols: 'all' }), ['check_cols']);
  assert.deepEqual(
    mistakes({ materialized: 'snapshot', unique_key: ['id'], updated_at: 'at', engine: 'ReplacingMergeTree', on_schema_change: 'ignore' }),
    ['engine'],
  );
  assert.deepEqual(mistakes({ materialized: 'materialized_view' }), ['watermark']);
  assert.deepEqual(mistakes({ materialized: 'materialized_view', refresh: 'hourly', catchup: 'none' }), ['refresh', 'catchup']);
  assert.deepEqual(
    mistakes({ materialized: 'materialized_view', watermark: 'at', on_schema_change: 'ignore', query_settings: { max_threads: 1 } }),
    ['on_schema_change', 'query_settings'],
  );
  assert.deepEqual(mistakes({ materialized: 'dictionary' }), ['primary_key']);
  assert.deepEqual(mistakes({ materialized: 'table', engine: 'Log', order_by: 'id' }), ['order_by']);
  assert.deepEqual(mistakes({ materialized: 'view', query_settings: { max_threads: 1 } }), ['query_settings']);
  assert.deepEqual(mistakes({ materialized: 'ephemeral', post_hook: ['select 1'] }), ['post_hook']);
});

function plan(config: ModelConfigInput, incremental: boolean) {
  const materialization = materializations.get(config.materialized ?? 'view');
  assert.ok(materialization);
  const input: BuildInput = {
    name: 'post',
    config: ModelConfig.parse(config),
    live: { database: 'dbt', name: 'post' },
    stage: { database: '_gccflow', name: 'post__stage' },
    scratch: (purpose) => ({ database: '_gccflow', name: `post__${purpose}` }),
    sql: (isIncremental) => `select * from raw${isIncremental ? ' where day = today()' : ''} -- the end`,
    source: { database: 'raw', name: 'event' },
    sqlWhere: (condition) => `select * from (select * from raw where ${condition}) -- the end`,
    intervals: [],
    executionTime: '2026-01-01',
    companion: (purpose) => ({ database: '_gccflow', name: `post__${purpose}` }),
    seedColumns: [
      { name: 'id', type: 'UInt32' },
      { name: "o'clock", type: 'DateTime' },
    ],
    comment: `{"publication":"it's"}`,
    incremental,
    reason: incremental ? 'publication 1 is whole' : 'first build',
  };
  return materialization.plan(input);
}

function settingsOf(step: object): string {
  return 'settings' in step ? `-- settings: ${JSON.stringify(step.settings)}` : '';
}
