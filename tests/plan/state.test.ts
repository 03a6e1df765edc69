import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest } from '../../framework/manifest/manifest.ts';
import { bodiesOf, factsOf, rememberBodies } from '../../framework/plan/build-node-facts.ts';
import { StateComparison } from '../../framework/plan/compare-state.ts';
import { selectNodes } from '../../framework/plan/select-nodes.ts';
import { type Files, projectDir } from '../support/project-dir.ts';
import { stateOf } from '../support/state-of.ts';

const files: Files = {
  'project.yaml': `name: shop
targets:
  dev: { warehouse: { type: embedded, database: dev_ana } }
  prod: { warehouse: { type: embedded, database: analytics } }
vars: { days: 7, note: hi }
`,
  'sources/raw.yaml': `kind: source
name: raw
database: '{{env "RAW_DB" "raw"}}'
tables: [{ name: orders, columns: [{ name: id, type: UInt64 }], loaded_at: at, freshness: { warn_after: 1d } }]
`,
  'sources/seeds/countries.csv': 'code\nDE\n',
  'models/stg_orders.sql': `{{config materialized="table" order_by="id, at" tags="core"}}
select id, at, 'a  b' as label from {{source "raw" "orders"}} where at > now() - interval {{var "days"}} day`,
  'models/orders.sql': `{{config materialized="incremental" unique_key="id"}}
select id, {{> money column="id"}} as price, {{double 2}} as two from {{ref "stg_orders"}}
{{#if (is_incremental)}}where id > (select max(id) from {{this}}){{/if}}`,
  'models/regions.sql': `select code, '{{env "REGION" "eu"}}' as region from {{ref "countries"}} join {{env "RAW_DB" "raw"}}.codes using (code)`,
  'models/report.sql': '{{config database="reports"}}\nselect * from {{ref "orders"}}, {{ref "regions"}}',
  'models/shop.yaml': `kind: models
models:
  - name: orders
    description: All orders.
    columns: [{ name: id, type: UInt64, description: The key., tests: [not_null] }]
unit_tests:
  - { name: two_regions, model: regions, given: [{ input: countries, rows: [{ code: DE }] }], expect: { rows: [{ code: DE }] } }
exposures: [{ name: board, depends_on: [report], url: 'https://example.org' }]
`,
  'macros/money.hbs': 'round({{column}}, {{> digits}})',
  'macros/digits.hbs': '2',
  'macros/math.ts': 'export function double(x: number): number {\n  return x * 2;\n}\n',
  'sinks/publish.yaml': `kind: sync
name: publish
description: For readers.
from: report
to: report
columns: [id, { name: price, type: 'numeric(12,2)', description: In euro. }]
`,
  'sinks/rows.ts': 'export default (body: object) => [body];\n',
  'sinks/event.yaml': `kind: sink
name: event
transform: rows.ts
queue: { name: event_q, exchange: ex, routing_keys: [a] }
to: { http: { url: '{{env "HOOK" "http://localhost"}}', auth: { bearer: '{{env "HOOK_TOKEN" "x"}}' } } }
`,
};

interface Loading {
  readonly change?: Files;
  readonly target?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly vars?: Readonly<Record<string, unknown>>;
}

async function load({ change = {}, target = 'dev', env = {}, vars = {} }: Loading = {}): Promise<Manifest> {
  using project = projectDir({ ...files, ...change });
  return (await project.load({ target, env, vars })).manifest;
}

/** Every node that differs from the project as it is, with what it differs in. */
async function differences(loading: Loading, earlier: Loading = {}): Promise<Record<string, readonly string[]>> {
  const manifest = await load(loading);
  const comparison = new StateComparison(manifest, stateOf(await load(earlier)));
  const modified = [...manifest.nodes.values()].filter((node) => comparison.isModified(node));
  return Object.fromEntries(modified.map((node) => [node.id, comparison.isNew(node) ? ['new'] : comparison.changesOf(node)]));
}

const edited = (file: string, from: string | RegExp, to: string): Files => {
  const before = files[file] as string;
  const after = before.replace(from, to);
  assert.notEqual(after, before);
  return { [file]: after };
};

test('the same files on another target, with other databases, addresses and secrets, are unmodified', async () => {
  const elsewhere = { RAW_DB: 'raw_prod', HOOK: 'https://hook.example.org', HOOK_TOKEN: 'secret-token' };

  assert.deepEqual(await differences({ target: 'prod', env: elsewhere }), {});
});

const cases: readonly (readonly [what: string, change: Loading, expected: Record<string, readonly string[]>])[] = [
  ['SQL', { change: edited('models/stg_orders.sql', "'a  b'", "'a b'") }, { 'model.stg_orders': ['body'] }],
  ['the incremental branch alone', { change: edited('models/orders.sql', 'max(id)', 'min(id)') }, { 'model.orders': ['body'] }],
  ['a var that a model reads', { vars: { days: 8 } }, { 'model.stg_orders': ['body'] }],
  ['a var that nothing reads', { vars: { note: 'ho' } }, {}],
  ['a variable of the environment that ends up in a literal', { env: { REGION: 'us' } }, { 'model.regions': ['body'] }],
  [
    'tags, meta and descriptions',
    { change: { ...edited('models/stg_orders.sql', 'core', 'mart'), ...edited('models/shop.yaml', 'The key.', 'Its key.') } },
    {},
  ],
  ['config', { change: edited('models/stg_orders.sql', 'order_by="id, at"', 'order_by="id"') }, { 'model.stg_orders': ['configs'] }],
  ['a default that is stated', { change: edited('models/stg_orders.sql', 'order_by', 'engine="MergeTree" order_by') }, {}],
  ['the form of SQL in config', { change: edited('models/stg_orders.sql', 'id, at"', 'id,at"') }, {}],
  [
    'the alias',
    { change: edited('models/stg_orders.sql', 'tags', 'alias="s" tags') },
    { 'model.stg_orders': ['relation'], 'model.orders': ['body'] },
  ],
  ['the database', { change: edited('models/report.sql', 'reports', 'marts') }, { 'model.report': ['relation'] }],
  ['a declared type', { change: edited('models/shop.yaml', 'UInt64', 'UInt32') }, { 'model.orders': ['contract'] }],
  ['a macro of a macro', { change: { 'macros/digits.hbs': '3' } }, { 'model.orders': ['body', 'macros'] }],
  ['a comment of a macro', { change: { 'macros/digits.hbs': '{{!-- two --}}\n2' } }, {}],
  ['a helper', { change: edited('macros/math.ts', 'x * 2', 'x + 2') }, { 'model.orders': ['macros'] }],
  ['a seed', { change: { 'sources/seeds/countries.csv': 'code\nFR\n' } }, { 'seed.countries': ['body'] }],
  ["a source's columns", { change: edited('sources/raw.yaml', 'UInt64', 'UInt32') }, { 'source.raw.orders': ['contract'] }],
  ["a source's freshness", { change: edited('sources/raw.yaml', '1d', '2d') }, { 'source.raw.orders': ['configs'] }],
  [
    "a source's table",
    { change: edited('sources/raw.yaml', 'name: orders', 'name: orders, identifier: o2') },
    { 'source.raw.orders': ['relation'], 'model.stg_orders': ['body'] },
  ],
  [
    'a test',
    { change: edited('models/shop.yaml', '[not_null]', '[{ not_null: { where: id > 3 } }]') },
    { 'test.not_null_orders_id': ['body', 'configs'] },
  ],
  ["a sync's columns", { change: edited('sinks/publish.yaml', '12,2', '14,2') }, { 'sync.publish': ['body', 'contract'] }],
  [
    'places in files, and what is said of a source',
    {
      change: {
        ...edited('models/shop.yaml', 'kind:', '# moved\n\nkind:'),
        ...edited('sources/raw.yaml', 'database:', 'description: Raw data.\ndatabase:'),
      },
    },
    {},
  ],
  ["a sync's comment of a column", { change: edited('sinks/publish.yaml', 'euro', 'EUR') }, { 'sync.publish': ['persisted_descriptions'] }],
  ["a sync's comment", { change: edited('sinks/publish.yaml', 'For readers', 'For all') }, { 'sync.publish': ['persisted_descriptions'] }],
  ['a queue', { change: edited('sinks/event.yaml', '[a]', '[b]') }, { 'sink.event': ['body'] }],
  [
    'a unit test',
    { change: edited('models/shop.yaml', 'rows: [{ code: DE }] } }', 'rows: [] } }') },
    { 'unit_test.regions.two_regions': ['body'] },
  ],
  ['a transform', { change: edited('sinks/rows.ts', '[body]', '[]') }, { 'sink.event': ['macros'] }],
  ['an exposure', { change: edited('models/shop.yaml', 'example.org', 'example.com') }, { 'exposure.board': ['body'] }],
  ['a new model', { change: { 'models/extra.sql': 'select 1 as x' } }, { 'model.extra': ['new'] }],
];

for (const [what, change, expected] of cases) {
  test(`${what}: what is modified, and in what`, async () => {
    assert.deepEqual(await differences(change), expected);
  });

  test(`${what}: nothing is remembered of what may render otherwise`, async () => {
    const [before, remembering, rendering] = [await load(), await load(change), await load(change)];
    allFacts(before);
    rememberBodies(remembering, bodiesOf(before));

    assert.deepEqual(allFacts(remembering), allFacts(rendering));
  });
}

const allFacts = (manifest: Manifest) => [...manifest.nodes.values()].map((node) => [node.id, factsOf(manifest, node)]);

async function select(select: string, change: Loading): Promise<string[]> {
  const manifest = await load(change);
  const state = new StateComparison(manifest, stateOf(await load()));
  return [...selectNodes(manifest, { select: [select], state, indirect: 'empty', allowEmpty: true }).nodes].toSorted();
}

const oneEdit: Loading = { change: { ...edited('models/regions.sql', "'{{env", "'x{{env"), 'models/extra.sql': 'select 1 as x' } };

test('state: selects by kind of change, and everything is modified or unmodified, never both', async () => {
  const modified = await select('state:modified', oneEdit);
  const unmodified = await select('state:unmodified', oneEdit);

  assert.deepEqual(modified, ['model.extra', 'model.regions']);
  assert.deepEqual([...modified, ...unmodified].toSorted(), await select('package:this', oneEdit));
  assert.deepEqual(await select('state:new', oneEdit), ['model.extra']);
  assert.deepEqual(await select('state:old', oneEdit), await select('package:this', {}));
  assert.deepEqual(await select('state:modified.body', oneEdit), ['model.regions']);
  assert.deepEqual(await select('state:modified.config', oneEdit), []);
  assert.deepEqual(await select('state:modified.configs', oneEdit), []);
  assert.deepEqual(await select('state:modified.upstream', oneEdit), [
    'exposure.board',
    'model.report',
    'sync.publish',
    'unit_test.regions.two_regions',
  ]);
  assert.deepEqual(await select('state:modified.body+1', oneEdit), ['model.regions', 'model.report', 'unit_test.regions.two_regions']);
});

test('a misspelled kind of change is an error with the nearest name, whatever is modified', async () => {
  const expected = { code: 'SELECTOR_METHOD_UNKNOWN', message: /'state:modified\.boddy'/, hint: "Did you mean 'modified.body'?" };

  await assert.rejects(select('state:modified.boddy', oneEdit), expected);
});

test('a kind of change that no node has is an error that says so', async () => {
  const manifest = await load();
  const state = new StateComparison(manifest, stateOf(manifest));

  const expected = { code: 'SELECTOR_NO_MATCH', message: /'state:modified'/, hint: /--allow-empty/ };
  assert.throws(() => selectNodes(manifest, { select: ['state:modified'], state }), expected);
});

test('what is gone from the project is removed', async () => {
  const { 'models/report.sql': _report, 'sinks/publish.yaml': _sync, 'models/shop.yaml': _exposures, ...rest } = files;
  using project = projectDir(rest);
  const { manifest } = await project.load({ target: 'dev' });

  const removed = new StateComparison(manifest, stateOf(await load())).removed();

  assert.deepEqual(removed.map(({ id }) => id).toSorted(), [
    'exposure.board',
    'model.report',
    'sync.publish',
    'test.not_null_orders_id',
    'unit_test.regions.two_regions',
  ]);
});

test('no secret is in a hash, neither of the environment nor of vars', async () => {
  const secretive = { 'models/secret.sql': `select '{{env "API_TOKEN"}}' as a, '{{var "my_secret"}}' as b` };
  const first = { change: secretive, env: { API_TOKEN: 'a' }, vars: { my_secret: 'b' } };
  const second = { change: secretive, env: { API_TOKEN: 'other' }, vars: { my_secret: 'another' } };

  assert.deepEqual(await differences(second, first), {});
});

test('a template that cannot be rendered is compared as it stands, and stops nobody', async () => {
  const failing = {
    'macros/fail.ts': 'export function fail(): never {\n  throw new Error("no");\n}\n',
    'models/broken.sql': 'select {{fail 1}} as x',
  };
  const changed = { ...failing, 'models/broken.sql': 'select {{fail 2}} as x' };

  assert.deepEqual(await differences({ change: failing }, { change: failing }), {});
  assert.deepEqual(await differences({ change: changed }, { change: failing }), { 'model.broken': ['body'] });
});
