import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StateComparison } from '../../framework/plan/compare-state.ts';
import { parseState } from '../../framework/run/read-state.ts';
import { projectDir } from '../support/project-dir.ts';
import { stateOf } from '../support/state-of.ts';

/** What dbt 1.x writes of a project with a package, as far as its shape goes. */
const byDbt = {
  metadata: { dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v12.json', dbt_version: '1.12.3', project_name: 'shop' },
  nodes: {
    'model.shop.orders': {
      unique_id: 'model.shop.orders',
      resource_type: 'model',
      package_name: 'shop',
      name: 'orders',
      alias: 'orders_v1',
      database: '',
      schema: 'analytics',
      relation_name: '`analytics`.`orders_v1`',
      original_file_path: 'models/orders.sql',
      fqn: ['shop', 'orders'],
      tags: ['core'],
      meta: {},
      config: { materialized: 'table', enabled: true },
      checksum: { name: 'sha256', checksum: 'aa' },
      raw_code: "select 1 as id from {{ ref('countries') }}",
      columns: { id: { name: 'id', data_type: 'UInt8', description: '' } },
      depends_on: { macros: ['macro.dbt.run_query'], nodes: ['seed.shop.countries'] },
    },
    'model.shop.tmp': {
      unique_id: 'model.shop.tmp',
      resource_type: 'model',
      name: 'tmp',
      schema: 'analytics',
      config: { materialized: 'ephemeral' },
    },
    'model.dbt_utils.helper': { unique_id: 'model.dbt_utils.helper', resource_type: 'model', package_name: 'dbt_utils', name: 'helper' },
    'operation.shop.hook': { unique_id: 'operation.shop.hook', resource_type: 'operation', name: 'hook' },
    'test.shop.not_null_orders_id.cf6c17daed': {
      unique_id: 'test.shop.not_null_orders_id.cf6c17daed',
      resource_type: 'test',
      name: 'not_null_orders_id',
      raw_code: '{{ test_not_null(**_dbt_generic_test_kwargs) }}',
      depends_on: { nodes: ['model.shop.orders'] },
    },
    'seed.shop.countries': {
      unique_id: 'seed.shop.countries',
      resource_type: 'seed',
      name: 'countries',
      alias: 'countries',
      schema: 'analytics',
      raw_code: '',
      checksum: { name: 'sha256', checksum: '00' },
    },
  },
  sources: {
    'source.shop.raw.orders': {
      unique_id: 'source.shop.raw.orders',
      resource_type: 'source',
      name: 'orders',
      schema: 'raw',
      identifier: 'o',
    },
  },
  exposures: {},
};

test("dbt's manifest tells nodes, relations, columns and edges of the project, and nothing of packages", () => {
  const { nodes, parents } = parseState(JSON.stringify(byDbt), 'prod/manifest.json');

  const relations = [...nodes.values()].map(({ id, relation }) => [id, relation && `${relation.database}.${relation.name}`]);
  assert.deepEqual(relations, [
    ['model.orders', 'analytics.orders_v1'],
    ['model.tmp', null],
    ['test.not_null_orders_id', null],
    ['seed.countries', 'analytics.countries'],
    ['source.raw.orders', 'raw.o'],
  ]);
  assert.deepEqual([...(nodes.get('model.orders')?.columns ?? [])], [['id', 'UInt8']]);
  assert.deepEqual(parents.get('test.not_null_orders_id'), ['model.orders']);
  assert.equal(nodes.get('model.orders')?.facts, null);
});

test('manifests of older versions, and what is odd in one, are read as far as they go', () => {
  const older = {
    metadata: { dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v1.json' },
    nodes: {
      'model.shop.orders': {
        unique_id: 'model.shop.orders',
        resource_type: 'model',
        name: 'orders',
        raw_sql: 'select 1',
        tags: null,
        columns: [],
      },
      'model.shop.odd': 'no node at all',
      'model.shop.numbered': { unique_id: 'model.shop.numbered', name: 'numbered', resource_type: 7, fqn: 3, meta: 'x', config: 'y' },
    },
  };

  const { nodes } = parseState(JSON.stringify(older), 'v1');

  assert.deepEqual([...nodes.keys()], ['model.orders']);
  assert.equal(nodes.get('model.orders')?.rawCode, 'select 1');
});

test('where there are no facts, templates and bytes of seeds decide', async () => {
  using project = projectDir({
    'models/orders.sql': 'select 1 as id from {{ref "countries"}}',
    'sources/seeds/countries.csv': 'code\nDE\n',
  });
  const { manifest } = await project.load();
  const orders = { ...byDbt.nodes['model.shop.orders'], raw_code: 'SELECT 1 AS id FROM {{ ref "countries" }} -- all' };
  const state = parseState(JSON.stringify({ ...byDbt, nodes: { ...byDbt.nodes, 'model.shop.orders': orders } }), 'prod');
  const comparison = new StateComparison(manifest, state);

  const modified = [...manifest.nodes.values()].filter((node) => comparison.isModified(node)).map(({ id }) => id);

  assert.deepEqual(modified, ['seed.countries']);
});

test('facts that another version hashed are not compared', async () => {
  using project = projectDir({ 'models/orders.sql': 'select 1 as id' });
  const { manifest } = await project.load();
  const ofLater = { gccflow: { kind: 'model', state: { version: 99, body: 'other' } } };
  const node = { unique_id: 'model.shop.orders', resource_type: 'model', name: 'orders', raw_code: 'select 1 as id', meta: ofLater };

  const state = parseState(JSON.stringify({ nodes: { a: node } }), 'later');

  assert.equal(state.nodes.get('model.orders')?.facts, null);
  assert.ok([...manifest.nodes.values()].every((known) => !new StateComparison(manifest, state).isModified(known)));
});

test('what is written of every kind of node is read again', async () => {
  using project = projectDir({
    'models/orders.sql': 'select 1 as id',
    'models/x.yaml':
      'kind: models\nmodels: [{ name: orders, columns: [{ name: id, tests: [not_null] }] }]\nexposures: [{ name: board, depends_on: [orders] }]\n',
    'sources/raw.yaml': 'kind: source\nname: raw\ntables: [{ name: t }]\n',
    'sources/seeds/countries.csv': 'code\nDE\n',
    'sinks/publish.yaml': 'kind: sync\nname: publish\nfrom: orders\nto: orders\n',
  });
  const { manifest } = await project.load();

  const { nodes, parents } = stateOf(manifest);

  assert.deepEqual([...nodes.keys()].toSorted(), [...manifest.nodes.keys()].toSorted());
  assert.ok([...nodes.values()].every(({ facts }) => facts !== null));
  assert.deepEqual(parents.get('sync.publish'), ['model.orders']);
});
