import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFiles, places } from '../support/checked-project.ts';

const source = `kind: source
name: raw
tables:
  - name: event
    columns:
      - { name: id, type: UInt64 }
      - { name: day, type: Date }
      - { name: kind, type: LowCardinality(String) }
      - { name: views, type: Nullable(UInt64) }
`;

test('every relation gets the columns that ClickHouse says its SQL returns', async () => {
  const { graph, findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/inline.sql': '{{config materialized="ephemeral"}}select id, day from {{source "raw" "event"}}',
    'models/a.sql': '{{config materialized="table" order_by="id"}}select id, count() as n from {{ref "inline"}} group by id',
    'models/b.sql': 'select id, n + 1 as m from {{ref "a" final=false}}',
  });

  assert.deepEqual(findings, []);
  assert.deepEqual(graph?.relations.get('model.b'), {
    columns: [
      { name: 'id', type: 'UInt64' },
      { name: 'm', type: 'UInt64' },
    ],
    from: 'checked',
  });
  assert.equal(graph?.relations.get('model.inline')?.columns.length, 2);
});

test('a column that is not there is found where the author wrote it, and what reads a table that is not there is not checked', async () => {
  const { graph, findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/a.sql': 'select\n  id,\n  dai\nfrom {{source "raw" "event"}}',
    'models/b.sql': 'select id from {{ref "a"}}',
    'models/c.sql': 'select id from {{ref "b"}}',
    'models/d.sql': 'select\n\n nothing from {{source "raw" "event"}}',
    'models/e.sql': 'select id from nowhere.at_all',
    'models/f.sql': 'select id from {{ref "e"}}',
    'models/g.sql': 'select id from {{ref "f"}}',
  });

  assert.deepEqual(places(findings), [
    'CHECK_NAME_UNKNOWN models/a.sql:3:3',
    'CHECK_NAME_UNKNOWN models/d.sql:3:2',
    'CHECK_TABLE_UNKNOWN models/e.sql:1:16',
  ]);
  assert.equal(findings[0]?.error.hint, "Did you mean 'day'?");
  assert.deepEqual(
    [...(graph?.notChecked ?? [])],
    [
      ['model.f', 'model.e'],
      ['model.g', 'model.e'],
    ],
  );
});

test('what reads a broken model is checked against the columns it declares', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/a.sql': 'select id, dai from {{source "raw" "event"}}',
    'models/models.yaml': 'kind: models\nmodels:\n  - name: a\n    columns: [{ name: id, type: UInt64 }, { name: day, type: Date }]\n',
    'models/b.sql': 'select id,\n day, more from {{ref "a"}}',
  });

  assert.deepEqual(places(findings), ['CHECK_NAME_UNKNOWN models/a.sql:1:12', 'CHECK_NAME_UNKNOWN models/b.sql:2:7']);
});

test('what reads a model of which nothing is left is checked against its contract, and not checked where it has none', async () => {
  const { graph, findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/a.sql': 'select id, trim((kind) as word from {{source "raw" "event"}}',
    'models/b.sql': '{{config contract="enforced"}}select id, trim((kind) as word from {{source "raw" "event"}}',
    'models/models.yaml': `kind: models
models:
  - { name: a, columns: [{ name: id, type: UInt64 }] }
  - { name: b, columns: [{ name: id, type: UInt64 }, { name: word, type: String }] }
`,
    'models/of_a.sql': 'select id, word from {{ref "a"}}',
    'models/of_b.sql': 'select id, word,\n more from {{ref "b"}}',
  });

  assert.deepEqual(places(findings), [
    'CHECK_SYNTAX models/a.sql:1:12',
    'CHECK_SYNTAX models/b.sql:1:42',
    'CHECK_NAME_UNKNOWN models/of_b.sql:2:2',
  ]);
  assert.deepEqual([...(graph?.notChecked ?? [])], [['model.of_a', 'model.a']]);
});

test('several mistakes of one model are found at once', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/a.sql': 'select\n  idd,\n  nofun(day) as x,\n  kind + 1 as y\nfrom {{source "raw" "event"}}\nwhere zz = 1',
  });

  assert.deepEqual(places(findings), [
    'CHECK_NAME_UNKNOWN models/a.sql:2:3',
    'CHECK_NAME_UNKNOWN models/a.sql:3:3',
    'CHECK_TYPE models/a.sql:4:8',
    'CHECK_NAME_UNKNOWN models/a.sql:6:7',
  ]);
});

test('a layout that ClickHouse refuses is found at its config key, and the readers are checked all the same', async () => {
  const { findings } = await checkFiles({
    'project.yaml': 'name: p\ntargets: { dev: {} }\nmodels:\n  materialized: table\n  ttl: day + interval 1 year\n',
    'sources/raw.yaml': source,
    'models/a.sql': '{{config\n  order_by="id"\n  partition_by="toYYYYMMM(day)"}}\nselect id, day from {{source "raw" "event"}}',
    'models/b.sql': '{{config order_by="nothing"}}select id, day, zz from {{ref "a"}}',
    'models/c.sql': '{{config order_by="id"}}select id from {{ref "a"}}',
    'models/d.sql': '{{config order_by="id" ttl=null codecs=(map id="Delt")}}select id from {{ref "a"}}',
  });

  assert.deepEqual(places(findings), [
    'CHECK_LAYOUT models/a.sql:3:16',
    'CHECK_LAYOUT models/b.sql:1:19',
    'CHECK_NAME_UNKNOWN models/b.sql:1:46',
    'CHECK_LAYOUT models/d.sql:1:40',
    'CHECK_LAYOUT project.yaml:5:8',
  ]);
});

test('an incremental run that would return other columns than a full build is an error with both sides', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/a.sql': `{{config materialized="incremental" order_by="id"}}
select id, {{#if (is_incremental)}}toString(day){{else}}day{{/if}} as day from {{source "raw" "event"}}
{{#if (is_incremental)}}where day > (select max(day) from {{this}}){{/if}}`,
    'models/aa.sql': `{{config materialized="incremental" order_by="id"}}
select id, {{#if (is_incremental)}}null{{else}}day{{/if}} as day from {{source "raw" "event"}}`,
    'models/b.sql': `{{config materialized="incremental" order_by="id"}}
select id from {{source "raw" "event"}}
{{#if (is_incremental)}}
where day > (select max(dai) from {{this}})
{{/if}}`,
  });

  assert.deepEqual(places(findings), [
    'CHECK_DRIFT models/a.sql:2:36',
    'CHECK_DRIFT models/aa.sql:2:36',
    'CHECK_NAME_UNKNOWN models/b.sql:4:25',
  ]);
  assert.match(findings[0]?.error.message ?? '', /'day' is Date in the full build and String in the incremental run/);
});

test('a mistake in what a macro renders is shown at the call, with the rendered line', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'macros/per_day.hbs': 'sum({{column}})\n  / dais',
    'models/a.sql': 'select id,\n  {{> per_day column="views"}} as x\nfrom {{source "raw" "event"}}\ngroup by id',
  });

  assert.deepEqual(places(findings), ['CHECK_NAME_UNKNOWN models/a.sql:2:3']);
  assert.equal(findings[0]?.expanded, '/ dais as x');
});

test('a source whose types no file declares is no table, and its readers are named', async () => {
  const { graph } = await checkFiles({
    'sources/raw.yaml': 'kind: source\nname: raw\ntables: [{ name: event }]\n',
    'models/a.sql': 'select 1 as x from {{source "raw" "event"}}',
  });

  assert.deepEqual([...(graph?.notChecked ?? [])], [['model.a', 'source.raw.event']]);
});

test('of several models with one wrong layout each is told at its own config', async () => {
  const layout = '{{config materialized="table" order_by="nothing"}}\n';
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/a.sql': `${layout}select id from {{source "raw" "event"}}`,
    'models/b.sql': `${layout}select day from {{source "raw" "event"}}`,
  });

  assert.deepEqual(places(findings), ['CHECK_LAYOUT models/a.sql:1:40', 'CHECK_LAYOUT models/b.sql:1:40']);
});
