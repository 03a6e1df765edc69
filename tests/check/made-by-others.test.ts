import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFiles, places } from '../support/checked-project.ts';

const event = '{{source "raw" "event"}}';

test('functions and tables that hooks make, and dictionaries that others fill, are there', async () => {
  const { findings, graph } = await checkFiles({
    'sources/raw.yaml': `kind: source
name: raw
tables:
  - { name: event, columns: [{ name: id, type: UInt64 }, { name: kind, type: String }] }
  - { name: city, columns: [{ name: id, type: UInt64 }, { name: label, type: String }] }
  - { name: net, columns: [{ name: prefix, type: String }, { name: country, type: String }] }
`,
    'models/hooked.sql': `{{config materialized="table" order_by="id"
  pre_hook=(list "create function if not exists plus_one on cluster main as (x) -> x + 1"
                 "create table if not exists dbt.lookup (id UInt64, label String) engine = MergeTree order by id")
  post_hook="create table if not exists dbt.archive engine = Memory as select * from {{this}}"}}
select plus_one(id) as n, id from ${event}`,
    'models/reads_lookup.sql': 'select plus_one(id) as n,\n  nope from dbt.lookup',
    'models/reads_archive.sql': 'select id from dbt.archive',
    'models/misspelt.sql': `select\n  plus_two(id) as n from ${event}`,
    'models/a_city.sql': `select dictGet({{source "raw" "city"}}, 'label', id) as label,\n  label + 1 as next from ${event}`,
    'models/a_net.sql': `select dictGet('raw.net', 'country', tuple(IPv4StringToNumOrDefault(kind))) as country,
  dictGet('raw.city', 'labl', id) as label from ${event}`,
    'models/z_kinds.sql': `{{config materialized="dictionary" primary_key="id"}}select id, kind from ${event}`,
    'models/a_kind.sql': `select dictGet('dbt.z_kinds', 'kind', id) as kind from ${event}`,
  });

  assert.deepEqual(
    findings.map(({ severity }, index) => `${severity} ${places(findings)[index]}`),
    [
      'error CHECK_TYPE models/a_city.sql:2:9',
      'error CHECK_SQL models/a_net.sql:2:3',
      'error CHECK_NAME_UNKNOWN models/misspelt.sql:2:3',
      'error CHECK_NAME_UNKNOWN models/reads_lookup.sql:2:3',
      'warn CHECK_TABLE_UNKNOWN models/a_kind.sql:1:16',
    ],
  );
  assert.deepEqual(graph?.relations.get('model.a_kind')?.columns, [{ name: 'kind', type: 'String' }]);
  assert.ok(graph?.notChecked.has('model.reads_archive'));
});
