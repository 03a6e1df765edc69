import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFiles, places } from '../support/checked-project.ts';

const source = `kind: source
name: raw
tables:
  - name: event
    columns: [{ name: id, type: UInt64 }, { name: day, type: Date }, { name: kind, type: String }]
`;
const raw = '{{source "raw" "event"}}';
const table = '{{config materialized="table" order_by="id"}}';

test('what reads a broken model is checked against the columns that its SQL still returns', async () => {
  const { findings, graph } = await checkFiles({
    'sources/raw.yaml': source,
    'models/item.sql': `select id, kind,\n  dai\nfrom ${raw}`,
    'models/reads_item.sql': 'select id, toDate(dai) as day,\n  kindd\nfrom {{ref "item"}}',
    'models/reads_reader.sql': `${table}select\n  idd, day from {{ref "reads_reader_of_all"}}`,
    'models/reads_reader_of_all.sql': `${table}select * from {{ref "reads_item"}}`,
    'models/condition.sql': `select id, kind from ${raw}\nwhere zz = 1`,
    'models/reads_condition.sql': 'select id,\n  kind + 1 as next from {{ref "condition"}}',
    'models/cte.sql': `with c as (select id, dai, kind from ${raw})\nselect id, toString(c.dai) as d, lower(kind) as k\nfrom c where dai > 1`,
    'models/reads_cte.sql': 'select id, d,\n  k + 1 as next from {{ref "cte"}}',
    'models/final.sql': `{{config materialized="table" engine="ReplacingMergeTree" order_by="id"}}select id,\n  dai from ${raw}`,
    'models/slip.sql': `with c as (select id, kidn, day from ${raw})\nselect c.id, c.kind, c.day as on from c`,
    'models/reads_slip.sql': 'select id, kind,\n  on + kind as sum, nothing from {{ref "slip"}}',
    'models/reads_final.sql': 'select dai,\n  idd from {{ref "final" final=true}} as f',
    'models/inline.sql': `{{config materialized="ephemeral"}}select id,\n  dai from ${raw}`,
    'models/reads_inline.sql': 'select dai,\n  idd from {{ref "inline"}}',
    'models/branch.sql': `{{config materialized="incremental" order_by="id"}}select id,\n  dai from ${raw}
{{#if (is_incremental)}}where id > (select max(idd) from {{this}}){{/if}}`,
  });

  assert.deepEqual(
    places(findings).map((place) => place.replace(/:\d+$/, '')),
    [
      'CHECK_NAME_UNKNOWN models/branch.sql:2',
      'CHECK_NAME_UNKNOWN models/branch.sql:3',
      'CHECK_NAME_UNKNOWN models/condition.sql:2',
      'CHECK_NAME_UNKNOWN models/cte.sql:1',
      'CHECK_NAME_UNKNOWN models/final.sql:2',
      'CHECK_NAME_UNKNOWN models/inline.sql:2',
      'CHECK_NAME_UNKNOWN models/item.sql:2',
      'CHECK_TYPE models/reads_condition.sql:2',
      'CHECK_TYPE models/reads_cte.sql:2',
      'CHECK_NAME_UNKNOWN models/reads_final.sql:2',
      'CHECK_NAME_UNKNOWN models/reads_inline.sql:2',
      'CHECK_NAME_UNKNOWN models/reads_item.sql:2',
      'CHECK_NAME_UNKNOWN models/reads_reader.sql:2',
      'CHECK_NAME_UNKNOWN models/reads_slip.sql:2',
      'CHECK_NAME_UNKNOWN models/slip.sql:1',
    ],
  );
  assert.equal(graph?.notChecked.get('model.reads_reader_of_all'), 'model.reads_item');
  assert.equal(graph?.notChecked.has('model.reads_condition'), false);
});

test('a column that a mistake leaves unknown is no mistake of tests, unit tests, contracts and syncs', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/a.sql': `select id,\n  dai as day from ${raw}`,
    'models/b.sql': 'select id, day from {{ref "a"}}',
    'models/inline.sql': `{{config materialized="ephemeral"}}select id,\n  lower(dai) as d from ${raw}`,
    'models/models.yaml': `kind: models
models:
  - name: a
    columns: [{ name: id, tests: [unique] }, { name: day, tests: [not_null, { accepted_values: { values: [1] } }] }]
  - name: b
    config: { contract: enforced }
    columns: [{ name: id, type: UInt64 }, { name: day, type: Date, tests: [not_null] }]
  - name: inline
    columns: [{ name: id, tests: [unique] }, { name: idd, tests: [unique] }]
unit_tests:
  - { name: t, model: b, given: [{ input: a, rows: [{ id: 1, day: 2024-01-01 }] }], expect: { rows: [{ id: 1, day: 2024-01-01 }] } }
`,
    'tests/data/late.sql': 'select id from {{ref "a"}} where day > today()',
    'sinks/a.yaml': 'kind: sync\nname: a\nfrom: a\nto: a\nprimary_key: [id]\n',
  });

  assert.deepEqual(places(findings), [
    'CHECK_NAME_UNKNOWN models/a.sql:2:3',
    'CHECK_NAME_UNKNOWN models/inline.sql:2:9',
    'CHECK_NAME_UNKNOWN models/models.yaml:9:54',
  ]);
});
