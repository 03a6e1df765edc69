import assert from 'node:assert/strict';
import { test } from 'node:test';
import { incremental } from '../../framework/materializations/incremental.ts';
import { buildPlan } from '../../framework/plan/build-plan.ts';
import { stepSql } from '../../framework/plan/explain-plan.ts';
import type { IntervalMemory } from '../../framework/plan/interval-memory.ts';
import type { PlannedBuild } from '../../framework/plan/plan.ts';
import { type RelationState, relationKey } from '../../framework/plan/warehouse-state.ts';
import { ModelConfig } from '../../framework/project/model-config.ts';
import { manifestOf } from '../support/manifest-of.ts';

const complete = {
  materialized: 'incremental',
  incremental_strategy: 'interval',
  event_time: 'ts',
  begin: '2024-01-01',
  batch_size: 'day',
  partition_by: 'toYYYYMM(ts)',
  order_by: 'ts',
} as const;

test('the statements of a first run and of a next one', async (t) => {
  const first = await plan(null);
  const next = await plan({ whole: [{ start: '2024-01-01', end: '2024-01-02' }], open: [] });
  const golden = [first, next].map(({ build }) =>
    build.steps
      .map((step) => `-- ${step.purpose}\n${stepSql(step)}`)
      .join('\n\n')
      .replaceAll(/"layout":"\w+"/g, '"layout":"…"'),
  );

  t.assert.snapshot(`=== first run\n${golden[0]}\n\n=== next run\n${golden[1]}`, { serializers: [(text) => text] });
});

test('however many intervals there are, no more than 32 tables are there at once', async () => {
  const { build, later } = await plan(null, { replacesForeign: true, executionTime: '2024-03-11' });

  const written = build.steps.flatMap((step) => (step.kind === 'intervals' ? [step.intervals.length] : []));
  assert.deepEqual([written, later.length], [[32, 32, 6], 0]);
  assert.equal(new Set(build.scratch.map(({ name }) => name)).size, 33); // one is for the rows that stay
});

test('what cannot work is told before anything runs', () => {
  const mistakes = (over: Partial<ModelConfig>) =>
    incremental.check(ModelConfig.parse({ ...complete, ...over })).map(({ message }) => message);

  assert.deepEqual(mistakes({}), []);
  assert.deepEqual(mistakes({ partition_by: '(`ts`, region)' }), []);
  assert.deepEqual(mistakes({ event_time: null, begin: null, batch_size: null }), [
    "'interval' replaces the rows of intervals of time, and 'event_time' is not given.",
    "'interval' replaces the rows of intervals of time, and 'begin' is not given.",
    "'interval' replaces the rows of intervals of time, and 'batch_size' is not given.",
  ]);
  assert.deepEqual(mistakes({ begin: 'yesterday' }), ["'begin' is a time in UTC from 1970 to 2105, not 'yesterday'."]);
  assert.deepEqual(mistakes({ partition_by: null }), [
    "'interval' replaces rows by rewriting partitions, and without 'partition_by' the whole table is one.",
  ]);
  assert.deepEqual(mistakes({ partition_by: 'toYYYYMM(ts_loaded)' }), [
    "'interval' replaces rows by rewriting partitions, and those of 'toYYYYMM(ts_loaded)' do not follow 'ts', the 'event_time'.",
  ]);
  assert.match(
    mistakes({ engine: 'Memory', order_by: null, partition_by: 'ts' }).join('\n'),
    /ClickHouse cannot clone the engine 'Memory'/,
  );
});

test('a batch_size without the strategy is a mistake', () => {
  const [mistake] = incremental.check(ModelConfig.parse({ ...complete, incremental_strategy: null }));

  assert.equal(mistake?.message, "'batch_size' is of the strategy 'interval', and the strategy is 'append'.");
});

test('microbatch is another name of interval', () => {
  assert.equal(ModelConfig.parse({ incremental_strategy: 'microbatch' }).incremental_strategy, 'interval');
});

/** What a run does to the model by days `post`, whose table remembers the given intervals; `replacesForeign`: a foreign table stands there. */
async function plan(
  intervals: IntervalMemory | null,
  { replacesForeign = false, executionTime = '2024-01-03' } = {},
): Promise<PlannedBuild> {
  const config = Object.entries(complete).map(([key, value]) => `${key}="${value}"`);
  const { manifest } = await manifestOf({
    'models/post.sql': `{{config ${config.join(' ')}}}\nselect ts from raw where ts >= {{interval_start}} and ts < {{interval_end}}`,
  });
  const comment = { publication: 'p0', node: 'model.post', run: 'r0', state: 'whole', layout: '', fingerprint: null } as const;
  const live: RelationState = {
    kind: 'table',
    engine: 'MergeTree',
    publication: replacesForeign || intervals === null ? null : { ...comment, intervals },
  };
  const planned = buildPlan(
    manifest,
    {
      command: 'run',
      nodes: ['model.post'],
      fullRefresh: false,
      executionTime,
      durationsMs: new Map(),
      runId: 'r1',
      newId: () => '00000000-0000-7000-8000-000000000001',
    },
    {
      capabilities: { cloneAs: true, databasesWithoutExchange: new Set(), version: '26.7' },
      relations: new Map(intervals || replacesForeign ? [[relationKey({ database: 'dbt', name: 'post' }), live]] : []),
      seedColumns: new Map(),
    },
  ).nodes[0];
  assert.equal(planned?.kind, 'build');
  return planned;
}
