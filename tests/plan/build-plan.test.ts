import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest, NodeId } from '../../framework/manifest/manifest.ts';
import { buildPlan } from '../../framework/plan/build-plan.ts';
import { explainPlan } from '../../framework/plan/explain-plan.ts';
import { layoutOf } from '../../framework/plan/fingerprint.ts';
import type { Plan, PlannedBuild, PlanRequest } from '../../framework/plan/plan.ts';
import type { PublicationComment } from '../../framework/plan/publication.ts';
import { type RelationState, relationKey, type WarehouseState } from '../../framework/plan/warehouse-state.ts';
import { ModelConfig } from '../../framework/project/model-config.ts';
import { manifestOf } from '../support/manifest-of.ts';

const files = {
  'models/a.sql': 'select 1 as n',
  'models/between.sql': '{{config materialized="ephemeral"}}\nselect n from {{ref "a"}}',
  'models/b.sql': '{{config materialized="table"}}\nselect n from {{ref "between"}}',
  'models/c.sql': '{{config materialized="incremental"}}\nselect n from {{ref "b"}}{{#if (is_incremental)}} where n > 1{{/if}}',
  'models/d.sql': 'select 1 as n',
  'tests/data/of_two.sql': 'select * from {{ref "b"}} join {{ref "d"}} using n where n < 0',
  'tests/data/through.sql': 'select * from {{ref "between"}} where n < 0',
  'sinks/out.yaml': 'kind: sync\nname: out\nfrom: c\nto: out\n',
};

test('nodes wait for the builds above them, through ephemeral and unselected nodes', async () => {
  const { manifest } = await manifestOf(files);

  const all = plan(manifest, {});
  const some = plan(manifest, { nodes: ['model.a', 'model.c'] });

  assert.deepEqual(waits(all), {
    'model.a': [],
    'model.b': ['model.a'],
    'model.c': ['model.b'],
    'model.d': ['model.b'],
    'sync.out': ['model.c'],
  });
  assert.deepEqual(waits(some), { 'model.a': [], 'model.c': ['model.a'] });
});

test('a test audits the last of the models it reads, and that one waits for the others', async () => {
  const { manifest } = await manifestOf(files);

  const audits = Object.fromEntries(builds(plan(manifest, {})).map(({ node, audits }) => [node, audits]));

  assert.deepEqual(audits, { 'model.a': ['test.through'], 'model.b': [], 'model.c': [], 'model.d': ['test.of_two'] });
});

test('the longest way starts first', async () => {
  const { manifest } = await manifestOf(files);
  const durationsMs = new Map<NodeId, number>([
    ['model.a', 5],
    ['model.b', 10],
    ['model.c', 100],
    ['model.d', 50],
  ]);

  const paths = Object.fromEntries(plan(manifest, { command: 'run', durationsMs }).nodes.map(({ node, pathMs }) => [node, pathMs]));

  assert.deepEqual(paths, { 'model.a': 115, 'model.b': 110, 'model.c': 100, 'model.d': 50 });
});

test('incremental only on a whole publication of the node itself', async () => {
  const { manifest } = await manifestOf(files);
  const mode = (state: RelationState | null, request: Partial<PlanRequest> = {}) => {
    const [build] = builds(plan(manifest, { nodes: ['model.c'], ...request }, state));
    return [build?.build.mode, build?.build.reason];
  };

  assert.deepEqual(mode(null), ['full', 'first build']);
  assert.deepEqual(mode(table({ node: 'model.c' })), ['incremental', 'publication p0 is whole']);
  assert.deepEqual(mode(table({ node: 'model.c' }), { fullRefresh: true }), ['full', '--full-refresh']);
  assert.deepEqual(mode(table(null)), ['full', 'the table in its place is not ours; it is kept']);
  assert.deepEqual(mode(table({ node: 'model.x' })), ['full', "the table in its place was published by 'model.x'; it is kept"]);
  assert.deepEqual(mode({ ...table({ node: 'model.c' }), kind: 'view' }), ['full', 'a view stands in its place']);
  assert.match(String(mode(table({ node: 'model.c', layout: 'other' }))[1]), /changed engine, keys or settings need --full-refresh/);
});

test('a full refresh of a model that forbids it is refused before anything runs', async () => {
  const { manifest } = await manifestOf({ 'models/c.sql': '{{config materialized="incremental" full_refresh=false}}\nselect 1 as n' });

  assert.throws(() => plan(manifest, { fullRefresh: true }), { code: 'FULL_REFRESH_REFUSED' });
  assert.equal(plan(manifest, {}).nodes.length, 1);
});

test('what the server or the database lacks is said at plan time', async () => {
  const { manifest } = await manifestOf({ 'models/c.sql': '{{config materialized="incremental"}}\nselect 1 as n' });
  const live = table({ node: 'model.c' });
  const old = { cloneAs: false, databasesWithoutExchange: new Set<string>(), version: '23.8' };
  const ordinary = { cloneAs: true, databasesWithoutExchange: new Set(['dbt']), version: '26.7' };

  assert.throws(() => plan(manifest, {}, live, old), { code: 'WAREHOUSE_UNSUPPORTED', message: /23\.8 has no CREATE TABLE … CLONE AS/ });
  assert.throws(() => plan(manifest, {}, live, ordinary), { code: 'WAREHOUSE_UNSUPPORTED', message: /EXCHANGE TABLES/ });
});

test('a plan explains itself, statement by statement', async () => {
  const { manifest } = await manifestOf(files);

  const text = explainPlan(plan(manifest, { nodes: ['model.c'], command: 'run' }, table({ node: 'model.c' })));

  assert.match(text, /^model\.c {2}incremental {2}`dbt`\.`c`\n {2}why: publication p0 is whole/);
  assert.match(text, /-- clone the live table\n {2}create table `_gccflow`\.`c__\w+` clone as `dbt`\.`c`/);
  assert.match(text, /where n > 1/);
  assert.match(text, /-- publish; the old version is kept\n {2}exchange tables `_gccflow`\.`c__\w+` and `dbt`\.`c`\n$/);
});

test('a plan is plain data', async () => {
  const { manifest } = await manifestOf(files);
  const planned = plan(manifest, {});

  assert.deepEqual(JSON.parse(JSON.stringify(planned)), planned);
});

function plan(
  manifest: Manifest,
  request: Partial<PlanRequest>,
  live: RelationState | null = null,
  capabilities = { cloneAs: true, databasesWithoutExchange: new Set<string>(), version: '26.7' },
): Plan {
  let ids = 0;
  const state: WarehouseState = {
    capabilities,
    relations: new Map(live ? [[relationKey({ database: 'dbt', name: 'c' }), live]] : []),
    seedColumns: new Map(),
  };
  const everything: PlanRequest = {
    command: 'build',
    nodes: [...manifest.nodes.keys()],
    fullRefresh: false,
    executionTime: '2026-03-01',
    durationsMs: new Map(),
    runId: 'r1',
    newId: () => {
      ids += 1;
      return `00000000-0000-7000-8000-${String(ids).padStart(12, '0')}`;
    },
  };
  return buildPlan(manifest, { ...everything, ...request }, state);
}

/** A table in the place of `c`, published as the comment says. */
function table(comment: Partial<PublicationComment> | null): RelationState {
  const layout = layoutOf(ModelConfig.parse({ materialized: 'incremental' }));
  const whole = { publication: 'p0', node: 'model.c' as const, run: 'r0', state: 'whole' as const, layout, fingerprint: null };
  return { kind: 'table', engine: 'MergeTree', publication: comment && { ...whole, ...comment } };
}

function builds({ nodes }: Plan): PlannedBuild[] {
  return nodes.filter((planned) => planned.kind === 'build');
}

function waits({ nodes }: Plan): Record<string, readonly NodeId[]> {
  return Object.fromEntries(nodes.map(({ node, waitsFor }) => [node, waitsFor]));
}
