import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Manifest, NodeId } from '../../framework/manifest/manifest.ts';
import { type SelectionRequest, selectNodes } from '../../framework/plan/select-nodes.ts';
import { manifestOf } from '../support/manifest-of.ts';

/*
 * raw.visits ─ stg_visits ─┐
 * raw.orders ─ stg_orders ─┼─ orders ─┬─ revenue ─ finance/report ─ sync publish, exposure board
 *          seed countries ─┘          └─ alerts
 */
const files = {
  'sources/raw.yaml': 'kind: source\nname: raw\ntables: [{ name: orders, tags: [landed] }, { name: visits }]\n',
  'sources/seeds/countries.csv': 'code\nDE\n',
  'models/staging/stg_orders.sql': '{{config tags="staging,core"}}\nselect * from {{source "raw" "orders"}}',
  'models/staging/stg_visits.sql': '{{config tags="staging"}}\nselect * from {{source "raw" "visits"}}',
  'models/marts/orders.sql':
    '{{config materialized="table" tags="core" meta=(map owner="sales" tier=1)}}\nselect * from {{ref "stg_orders"}}, {{ref "stg_visits"}}, {{ref "countries"}}',
  'models/marts/revenue.sql': '{{config materialized="table" tags="two words"}}\nselect * from {{ref "orders"}}',
  'models/marts/alerts.sql': 'select * from {{ref "orders"}}',
  'models/marts/finance/report.sql': '{{config materialized="table" full_refresh=false}}\nselect * from {{ref "revenue"}}',
  'models/shop.yaml': `kind: models
models:
  - name: stg_orders
    columns: [{ name: id, tests: [not_null] }]
  - name: orders
    columns:
      - { name: id, tests: [unique, { relationships: { to: stg_orders, field: id } }] }
  - name: revenue
    columns: [{ name: id, tests: [{ relationships: { to: orders, field: id } }] }]
exposures: [{ name: board, depends_on: [report] }]
`,
  'tests/data/no_loss.sql': 'select * from {{ref "report"}}, {{ref "alerts"}}',
  'sinks/publish.yaml': 'kind: sync\nname: publish\nfrom: report\nto: public.report\n',
};

let manifest: Manifest;

before(async () => {
  ({ manifest } = await manifestOf(files));
});

/** Names as the tables below write them: without kind; tests by their short names. */
function select(request: SelectionRequest): string[] {
  return [...selectNodes(manifest, request).nodes].map(shortName).toSorted();
}

const shortNames: Readonly<Record<string, string>> = {
  'test.not_null_stg_orders_id': 't_stg_orders',
  'test.unique_orders_id': 't_orders',
  'test.relationships_orders_id__id__stg_orders': 't_orders_stg',
  'test.relationships_revenue_id__id__orders': 't_revenue_orders',
  'test.no_loss': 't_no_loss',
};

function shortName(id: NodeId): string {
  return shortNames[id] ?? id.slice(id.indexOf('.') + 1);
}

const words = (text: string): string[] =>
  text
    .split(' ')
    .filter((word) => word !== '')
    .toSorted();

/** Selections without the tests that come along. */
const terms: readonly (readonly [select: string, expected: string])[] = [
  ['orders', 'orders'],
  ['fqn:orders', 'orders'],
  ['shop.marts.orders', 'orders'],
  ['marts.orders', 'orders'],
  ['marts', 'orders revenue alerts report t_orders t_orders_stg t_revenue_orders'],
  ['shop.marts.finance', 'report'],
  ['marts.*', 'orders revenue alerts report t_orders t_orders_stg t_revenue_orders'],
  ['marts.rev*', 'revenue'],
  ['shop.marts.f*', 'report'],
  ['marts.*ort', 'report'],
  ['*.report', 'report'],
  ['*.stg_*', 'stg_orders stg_visits'],
  ['*.stg_[ov]?????', 'stg_orders stg_visits'],
  ['*.stg_[!o]*', 'stg_visits'],
  ['tag:core', 'stg_orders orders'],
  ['tag:stag*', 'stg_orders stg_visits'],
  ['tag:"two words"', 'revenue'],
  ['tag:landed', 'raw.orders'],
  ['path:models/staging', 'stg_orders stg_visits'],
  ['models/staging', 'stg_orders stg_visits'],
  ['./models/staging/', 'stg_orders stg_visits'],
  ['models/*/stg_o*.sql', 'stg_orders'],
  ['models/**/report.sql', 'report'],
  ['path:sinks', 'publish'],
  ['file:stg_orders.sql', 'stg_orders'],
  ['stg_orders.sql', 'stg_orders'],
  ['file:rep*', 'report'],
  ['countries.csv', 'countries'],
  ['config.materialized:view', 'stg_orders stg_visits alerts'],
  ['config.full_refresh:False', 'report'],
  ['config.meta.owner:sales', 'orders'],
  ['config.meta.tier:1', 'orders'],
  ['config.meta:tier', 'orders'],
  ['config.tags:core', 'stg_orders orders'],
  ['resource_type:source', 'raw.orders raw.visits'],
  ['source:raw', 'raw.orders raw.visits'],
  ['source:raw.o*', 'raw.orders'],
  ['source:shop.raw.visits', 'raw.visits'],
  ['source:*', 'raw.orders raw.visits'],
  ['exposure:board', 'board'],
  ['sync:pub*', 'publish'],
  ['test_name:unique', 't_orders'],
  ['test_name:relation*', 't_orders_stg t_revenue_orders'],
  ['test_type:singular', 't_no_loss'],
  ['test_type:generic', 't_stg_orders t_orders t_orders_stg t_revenue_orders'],
  ['test_type:data', 't_stg_orders t_orders t_orders_stg t_revenue_orders t_no_loss'],
  ['+orders', 'orders stg_orders stg_visits countries raw.orders raw.visits'],
  ['1+orders', 'orders stg_orders stg_visits countries'],
  ['0+orders', 'orders'],
  ['revenue+1', 'revenue report t_revenue_orders'],
  ['revenue+', 'revenue report publish board t_revenue_orders t_no_loss'],
  ['1+revenue+1', 'orders revenue report t_revenue_orders'],
  ['source:raw.visits+2', 'raw.visits stg_visits orders'],
  ['+exposure:board', 'board report revenue orders stg_orders stg_visits countries raw.orders raw.visits'],
  ['+tag:core,tag:staging', 'stg_orders stg_visits'],
  ['tag:core,tag:staging', 'stg_orders'],
  ['tag:core,tag:staging alerts', 'stg_orders alerts'],
  ['tag:core alerts', 'stg_orders orders alerts'],
  ['+orders,*.stg_*,tag:core', 'stg_orders'],
  ['1+test_name:unique', 'orders t_orders'],
];

for (const [selected, expected] of terms) {
  test(`--select '${selected}' picks ${expected}`, () => {
    assert.deepEqual(select({ select: [selected], indirect: 'empty' }), words(expected));
  });
}

test('--select with several arguments unites them', () => {
  assert.deepEqual(select({ select: ['alerts', 'revenue  report'], indirect: 'empty' }), ['alerts', 'report', 'revenue']);
});

test('@ takes descendants and all that they are built from', () => {
  const expected = words('orders stg_orders stg_visits countries raw.orders raw.visits revenue alerts report publish board');

  assert.deepEqual(
    select({ select: ['@stg_visits'] }).filter((name) => !name.startsWith('t_')),
    expected,
  );
});

const excludes: readonly (readonly [select: string, exclude: string, expected: string])[] = [
  ['tag:core', 'orders', 'stg_orders t_stg_orders'],
  ['marts', 'tag:core revenue+', 'alerts'],
  ['orders+', 'test_type:data', 'orders revenue alerts report publish board'],
  ['+revenue', '+orders', 'revenue'],
];

for (const [selected, excluded, expected] of excludes) {
  test(`--select '${selected}' --exclude '${excluded}' leaves ${expected}`, () => {
    assert.deepEqual(select({ select: [selected], exclude: [excluded] }), words(expected));
  });
}

test('--exclude alone takes away from everything', () => {
  const all = select({});

  assert.deepEqual(
    select({ exclude: ['test_type:data', 'source:raw'] }),
    all.filter((name) => !name.startsWith('t_') && !name.startsWith('raw.')),
  );
});

const indirect: readonly (readonly [select: string, mode: 'eager' | 'cautious' | 'buildable' | 'empty', expected: string])[] = [
  ['orders', 'eager', 'orders t_orders t_orders_stg t_revenue_orders'],
  ['orders', 'cautious', 'orders t_orders'],
  ['orders', 'buildable', 'orders t_orders t_orders_stg'],
  ['orders', 'empty', 'orders'],
  ['orders stg_orders', 'cautious', 'orders stg_orders t_orders t_stg_orders t_orders_stg'],
  ['orders revenue', 'cautious', 'orders revenue t_orders t_revenue_orders'],
  ['revenue', 'buildable', 'revenue t_revenue_orders'],
  ['report alerts', 'cautious', 'report alerts t_no_loss'],
  ['report', 'cautious', 'report'],
  ['report', 'eager', 'report t_no_loss'],
];

for (const [selected, mode, expected] of indirect) {
  test(`--select '${selected}' --indirect-selection ${mode} picks ${expected}`, () => {
    assert.deepEqual(select({ select: [selected], indirect: mode }), words(expected));
  });
}

test('a request without a selection picks everything', () => {
  const { nodes, everything } = selectNodes(manifest);

  assert.deepEqual([...nodes], [...manifest.nodes.keys()]);
  assert.equal(everything, true);
});

test('resource types narrow what was picked', () => {
  assert.deepEqual(select({ select: ['+orders'], resourceTypes: ['model'] }), ['orders', 'stg_orders', 'stg_visits']);
  assert.deepEqual(select({ select: ['+orders'], excludeResourceTypes: ['model', 'test'] }), ['countries', 'raw.orders', 'raw.visits']);
});

test('result: picks by the status of the last run', () => {
  const results = new Map<NodeId, string>([
    ['model.orders', 'error'],
    ['model.revenue', 'skipped'],
    ['model.alerts', 'success'],
  ]);

  assert.deepEqual(select({ select: ['result:error+1', 'result:skipped'], results, indirect: 'empty', resourceTypes: ['model'] }), [
    'alerts',
    'orders',
    'revenue',
  ]);
});

const mistakes: readonly (readonly [name: string, request: SelectionRequest, code: string, message: RegExp, hint?: RegExp])[] = [
  ['a misspelt name', { select: ['ordesr'] }, 'SELECTOR_NO_MATCH', /'ordesr' matches nothing/, /'orders'/],
  ['a misspelt name among good ones', { select: ['orders', '+revenu'] }, 'SELECTOR_NO_MATCH', /'\+revenu' matches nothing/, /'revenue'/],
  ['a misspelt tag', { select: ['tag:cor'] }, 'SELECTOR_NO_MATCH', /'tag:cor'/, /'core'/],
  [
    'a tag far from all others',
    { select: ['tag:nightly'] },
    'SELECTOR_NO_MATCH',
    /'tag:nightly'/,
    /There are: core, landed, staging, two words/,
  ],
  ['a pattern for a part of the path', { select: ['stg_*'] }, 'SELECTOR_NO_MATCH', /'stg_\*' matches nothing/, /'\*\.stg_\*'/],
  ['a misspelt folder', { select: ['models/stagin'] }, 'SELECTOR_NO_MATCH', /'models\/stagin'/, /'models\/staging'/],
  ['a misspelt exclude', { exclude: ['alrets'] }, 'SELECTOR_NO_MATCH', /'alrets'/, /'alerts'/],
  ['an unknown method', { select: ['tga:core'] }, 'SELECTOR_METHOD_UNKNOWN', /'tga:core' uses the method 'tga'/, /'tag'/],
  ['a comparison with an earlier state', { select: ['state:modified'] }, 'USAGE', /'state:'/, /--state/],
  ['@ with a + at its end', { select: ['@orders+'] }, 'SELECTOR_SYNTAX', /joins '@' with a '\+'/],
  ['a method without a value', { select: ['tag:'] }, 'SELECTOR_SYNTAX', /without a value/],
  ['a comma with nothing beside it', { select: ['orders,'] }, 'SELECTOR_SYNTAX', /'orders,' has a term without a value/],
  ['a quote that stays open', { select: ['tag:"two words'] }, 'SELECTOR_SYNTAX', /never closes/],
  ['a blank selection', { select: [' '] }, 'SELECTOR_SYNTAX', /blank/],
  [
    'an intersection of strangers',
    { select: ['alerts,revenue'] },
    'SELECTOR_NO_MATCH',
    /'alerts,revenue' matches nothing/,
    /no node matches all/,
  ],
  ['an exclude that takes all', { select: ['alerts'], exclude: ['marts'] }, 'SELECTOR_NO_MATCH', /'alerts' leaves nothing/],
  [
    'nodes of a type the command leaves alone',
    { select: ['alerts'], resourceTypes: ['seed'] },
    'SELECTOR_NO_MATCH',
    /nothing for this command/,
    /model, test/,
  ],
  ['result: without a run', { select: ['result:error'] }, 'ARTIFACT_MISSING', /earlier run/],
  ['a named selector beside terms', { select: ['orders'], selector: 'nightly' }, 'USAGE', /exclude each other/],
];

for (const [name, request, code, message, hint] of mistakes) {
  test(`${name} is an error that says so`, () => {
    assert.throws(() => select(request), { code, message, ...(hint && { hint }) });
  });
}

test('--allow-empty permits terms and selections that match nothing', () => {
  assert.deepEqual(select({ select: ['ordesr', 'alerts,revenue'], allowEmpty: true }), []);
});
