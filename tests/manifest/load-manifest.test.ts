import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ModelNode, NodeId, TestNode } from '../../framework/manifest/manifest.ts';
import { renderSql } from '../../framework/manifest/render-sql.ts';
import { projectDir } from '../support/project-dir.ts';

test('sources, seeds, models, syncs and exposures become one graph', async () => {
  using project = projectDir({
    'sources/beat.yaml': `kind: source
name: beat
database: raw
loaded_at: created_at
freshness: { warn_after: 12h, error_after: 1d }
tags: [beat]
tables:
  - { name: profile, identifier: profile_log, columns: [{ name: id, type: UInt64, description: Key. }], tags: [core] }
  - { name: static, freshness: null }
`,
    'sources/seeds/geo/city.csv.gz': gzipSync('id,name\n1,Pune\n'),
    'sources/seeds/geo/city.yaml': 'kind: seeds\nseeds: [{ name: city, config: { column_types: { id: UInt8 } } }]\n',
    'models/staging/stg.sql': 'select * from {{source "beat" "profile"}} join {{ref "city"}} using (id)',
    'sinks/out.yaml': 'kind: sync\nname: out\nfrom: stg\nto: profile\ntags: core\n',
    'sinks/raw.yaml': `kind: sync\nname: raw\nfrom: '{{source "beat" "profile"}}'\nto: raw_profile\n`,
    'models/uses.yaml': `kind: models\nexposures: [{ name: board, owner: { email: a@b.c }, depends_on: [stg, beat.static, "{{ref 'city'}}"] }]\n`,
  });

  const { manifest } = await project.load();

  assert.deepEqual(Object.fromEntries(manifest.parents), {
    'source.beat.profile': [],
    'source.beat.static': [],
    'seed.city': [],
    'model.stg': ['seed.city', 'source.beat.profile'],
    'sync.out': ['model.stg'],
    'sync.raw': ['source.beat.profile'],
    'exposure.board': ['model.stg', 'source.beat.static', 'seed.city'],
  });
  assert.deepEqual(manifest.children.get('seed.city'), ['model.stg', 'exposure.board']);
  const source = manifest.nodes.get('source.beat.profile');
  assert.ok(source?.kind === 'source');
  assert.deepEqual(source.relation, { database: 'raw', name: 'profile_log' });
  assert.deepEqual(source.freshness, { warnAfterMs: 43_200_000, errorAfterMs: 86_400_000, filter: null });
  assert.deepEqual(source.tags, ['beat', 'core']);
  const seed = manifest.nodes.get('seed.city');
  assert.ok(seed?.kind === 'seed');
  assert.deepEqual([seed.fqn, seed.config.materialized, seed.config.column_types], [['shop', 'geo', 'city'], 'seed', { id: 'UInt8' }]);
});

test('a test reads what its arguments and its where refer to', async () => {
  using project = projectDir({
    'models/orders.sql': 'select 1 as id',
    'models/payments.sql': 'select 1 as id',
    'models/refunds.sql': 'select 1 as id',
    'tests/generic/adds_up.sql': 'select id from {{model}} where id not in (select id from {{to}})',
    'models/m.yaml': `kind: models
models:
  - name: orders
    tests: [{ adds_up: { to: '{{ref "payments"}}', where: 'id in (select id from {{ref "refunds"}})' } }]
`,
  });

  const { manifest } = await project.load();

  const test = [...manifest.nodes.values()].find((node): node is TestNode => node.kind === 'test');
  assert.deepEqual(manifest.parents.get(test?.id ?? 'test.none'), ['model.orders', 'model.payments', 'model.refunds']);
});

test('generic tests get the names that dbt gives them', async () => {
  using project = projectDir({
    'models/stg_post.sql': 'select 1',
    'models/customers.sql': 'select 1',
    'sources/raw.yaml': 'kind: source\nname: raw\ntables: [{ name: event, columns: [{ name: id, data_tests: [unique] }] }]\n',
    'models/m.yaml': `kind: models
models:
  - name: stg_post
    tests:
      - unique: { columns: [id, day] }
      - row_count: { min: 1, name: enough_posts }
    columns:
      - name: id
        tests:
          - not_null
          - relationships: { to: customers, field: customer_id, severity: warn, config: { where: id > 0 } }
      - name: status
        tests:
          - accepted_values: { arguments: { values: [placed, shipped, completed, returned, refunded, cancelled] } }
`,
  });

  const { manifest } = await project.load();

  const tests = [...manifest.nodes.values()].filter((node): node is TestNode => node.kind === 'test');
  assert.deepEqual(
    tests.map(({ name }) => name),
    [
      'source_unique_raw_event_id',
      'unique_stg_post_id__day',
      'enough_posts',
      'not_null_stg_post_id',
      'relationships_stg_post_id__customer_id__customers',
      'accepted_values_stg_post_c7e9882a90a9ba27933048a2126ed00c', // the md5 of the whole name
    ],
  );
  const relationships = tests.find(({ testName }) => testName === 'relationships');
  assert.deepEqual([relationships?.config.severity, relationships?.config.where], ['warn', 'id > 0']);
  assert.deepEqual(manifest.parents.get(relationships?.id as NodeId), ['model.stg_post', 'model.customers']);
});

test('a test declared twice alike is a duplicate, unless one has a name of its own', async () => {
  const twice = (second: string) => ({
    'models/a.sql': 'select 1',
    'models/m.yaml': `kind: models\nmodels: [{ name: a, columns: [{ name: id, tests: [not_null, ${second}] }] }]\n`,
  });
  using alike = projectDir(twice('not_null'));
  using named = projectDir(twice('{ not_null: { name: again, where: "id > 1" } }'));

  assert.match((await alike.mistakes()).join(), /^NAME_DUPLICATE models\/m.yaml:2:\d+ The test 'not_null_a_id' is also defined in/);
  assert.deepEqual(await named.mistakes(), []);
});

test('config of tests comes from project.yaml, then from the declaration', async () => {
  using project = projectDir({
    'project.yaml': 'name: shop\ntargets: { dev: {} }\ntests:\n  +severity: warn\n  marts: { store_failures: true }\n',
    'models/marts/a.sql': 'select 1',
    'models/m.yaml': 'kind: models\nmodels: [{ name: a, columns: [{ name: id, tests: [{ not_null: { severity: error } }] }] }]\n',
    'tests/data/one.sql': '{{config limit=5}}select * from {{ref "a"}} where 0',
  });

  const { manifest } = await project.load();

  const [generic, singular] = ['test.not_null_a_id', 'test.one'].map((key) => manifest.nodes.get(key as NodeId) as TestNode);
  assert.deepEqual([generic?.config.severity, generic?.config.store_failures], ['error', true]);
  assert.deepEqual([singular?.config.severity, singular?.config.limit, singular?.testType], ['warn', 5, 'singular']);
  assert.deepEqual(manifest.parents.get('test.one'), ['model.a']);
});

test('refs of a macro count for every model that calls it, however deep', async () => {
  using project = projectDir({
    'models/a.sql': 'select 1',
    'macros/inner.hbs': '(select max(id) from {{ref "a"}})',
    'macros/outer.hbs': '{{> inner}}',
    'models/b.sql': 'select {{> outer}}',
  });

  const { manifest } = await project.load();

  assert.deepEqual(manifest.parents.get('model.b'), ['model.a']);
});

test('names with quotes, spaces and unicode are names like others', async () => {
  using project = projectDir({ 'models/größe "x".sql': 'select 1', 'models/b.sql': `select * from {{ref 'größe "x"'}}` });

  const { manifest } = await project.load();

  assert.deepEqual(manifest.parents.get('model.b'), ['model.größe "x"']);
});

test('vars of the command line win over those of project.yaml', async () => {
  using project = projectDir({ 'project.yaml': 'name: shop\ntargets: { dev: {} }\nvars: { days: 3, n: 1 }\n' });

  const { manifest } = await project.load({ vars: { days: 7 } });

  assert.deepEqual(manifest.vars, { days: 7, n: 1 });
});

test('selectors.yaml is read and checked', async () => {
  using project = projectDir({ 'selectors.yaml': 'selectors: [{ name: core, definition: tag:core }]\n' });
  using wrong = projectDir({ 'selectors.yaml': 'selectors: [{ name: core, definitoin: tag:core }]\n' });

  const loaded = await project.load();

  assert.deepEqual(loaded.project.selectors, [{ name: 'core', description: '', default: false, definition: 'tag:core' }]);
  assert.match((await wrong.mistakes()).join('\n'), /KEY_UNKNOWN selectors.yaml:1:27 The key 'definitoin' .*Did you mean 'definition'\?/);
});

test('a test carries its description', async () => {
  using project = projectDir({
    'models/a.sql': 'select 1',
    'models/m.yaml':
      'kind: models\nmodels: [{ name: a, tests: [{ row_count: { min: 1, description: Never empty. } }], columns: [{ name: id, tests: [unique] }] }]\n',
  });

  const { manifest } = await project.load();

  const described = [...manifest.nodes.values()].filter(({ kind }) => kind === 'test').map(({ name, description }) => [name, description]);
  assert.deepEqual(described, [
    ['row_count_a_1', 'Never empty.'],
    ['unique_a_id', ''],
  ]);
});

test('files with a byte order mark and lines that end in CRLF load like others, at the same places', async () => {
  const lines = (...texts: string[]): string => `\uFEFF${texts.join('\r\n')}`;
  using project = projectDir({
    'project.yaml': lines('name: shop', 'targets: { dev: {} }', 'vars: { n: 1 }', ''),
    'selectors.yaml': lines('selectors:', '  - name: all', '    definition: "*"', ''),
    'models/a.sql': lines('{{config materialized="table"}}', 'select {{var "n"}}', 'from {{ref "nobody"}}', ''),
    'models/m.yaml': lines('kind: models', 'models:', '  - name: a', '    columns: [{ name: id, tests: [unique] }]', ''),
  });

  const mistakes = await project.mistakes();
  project.write({ 'models/nobody.sql': lines('select 1', '') });
  const { manifest } = await project.load();

  assert.deepEqual(mistakes, ["REF_NOT_FOUND models/a.sql:3:12 Model 'a' refers to 'nobody', which no file defines."]);
  assert.deepEqual([...manifest.nodes.keys()], ['model.a', 'model.nobody', 'test.unique_a_id']);
});

test('YAML may say things once: anchors, aliases and merge keys', async () => {
  using project = projectDir({
    'models/a.sql': 'select 1',
    'models/b.sql': 'select 1',
    'models/m.yaml': `kind: models
models:
  - &common
    name: a
    description: The same for both.
    columns: &columns [{ name: id, tests: [not_null] }]
  - <<: *common
    name: b
    columns: *columns
`,
  });

  const { manifest } = await project.load();

  assert.equal(manifest.nodes.get('model.b')?.description, 'The same for both.');
  assert.ok(manifest.nodes.has('test.not_null_b_id'));
});

test('names that every JavaScript object has are names of models, columns, macros and vars', async () => {
  using project = projectDir({
    'project.yaml': 'name: shop\ntargets: { dev: {} }\nvars: { constructor: 7 }\nmodels: { valueOf: { tags: [x] } }\n',
    'macros/toString.hbs': '{{hasOwnProperty}}',
    'models/valueOf/__proto__.sql': 'select {{var "constructor"}}',
    'models/constructor.sql': 'select {{> toString hasOwnProperty=1}} from {{ref "__proto__"}}',
    'models/m.yaml': 'kind: models\nmodels: [{ name: __proto__, columns: [{ name: __proto__, tests: [not_null] }] }]\n',
  });

  const { manifest } = await project.load();

  assert.deepEqual(manifest.parents.get('model.constructor'), ['model.__proto__']);
  assert.deepEqual(manifest.nodes.get('model.__proto__')?.tags, ['x']);
  const sqlOf = (id: NodeId): string => renderSql(manifest, manifest.nodes.get(id) as ModelNode, { incremental: false });
  assert.equal(sqlOf('model.constructor'), 'select 1 from `dbt`.`__proto__`');
  assert.equal(sqlOf('model.__proto__'), 'select 7');
});
