import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFiles, places } from '../support/checked-project.ts';

const source = `kind: source
name: raw
tables:
  - name: event
    columns: [{ name: id, type: UInt64 }, { name: day, type: Date }]
`;
const event = '{{source "raw" "event"}}';

test('a file that does not parse, a ref to nothing, a circle and an unknown column are told in one run, each once', async () => {
  const { findings, graph } = await checkFiles({
    'sources/raw.yaml': source,
    'models/broken.yaml': 'kind: models\nmodels:\n  - name: good\n    columns: [\n',
    'models/good.sql': `select id,\n  idd\nfrom ${event}`,
    'models/lost.sql': 'select id from {{ref "gone"}}',
    'models/reads_lost.sql': 'select id from {{ref "lost"}}',
    'models/ring_a.sql': 'select id from {{ref "ring_b"}}',
    'models/ring_b.sql': 'select id from {{ref "ring_a"}}',
    'models/reads_ring.sql': 'select id from {{ref "ring_b"}}',
    'tests/data/t.sql': 'select nothing from {{ref "good"}}',
  });

  assert.deepEqual(places(findings), [
    'YAML_SYNTAX models/broken.yaml:5:1',
    'CHECK_NAME_UNKNOWN models/good.sql:2:3',
    'REF_NOT_FOUND models/lost.sql:1:22',
    'CYCLE models/ring_a.sql:1:22',
    'CHECK_NAME_UNKNOWN tests/data/t.sql:1:8',
  ]);
  assert.equal(graph?.notChecked.get('model.reads_lost'), 'model.lost');
  assert.equal(graph?.notChecked.get('model.reads_ring'), 'model.ring_a');
});

test('what a file that cannot be read declares is not missed elsewhere', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': `${source}  - name: [\n`,
    'sources/shop.yaml': `${source.replace('raw', 'shop')}  - name: order\n    columns: 3\n`,
    'macros/total.hbs': 'sum({{x}',
    'macros/helpers.ts': 'export function half(x: string): string { return x +; }\n',
    'tests/generic/positive.sql': 'select {{column_name} from {{model}}',
    'models/latin.sql': Buffer.from('select id,\n  \xff', 'latin1'),
    'models/a.sql': `select {{> total x="id"}} as s, {{half "id"}} as h from ${event}`,
    'models/b.sql': `select {{> totel x="id"}} as s from ${event}`,
    'models/c.sql': 'select id from {{source "shop" "order"}} as o, {{source "shop" "ordr"}} as r',
    'models/d.sql': 'select id,\n  idd from {{source "shop" "event"}}',
    'models/models.yaml': `kind: models
models:
  - name: latin
    config: { materialized: incremental, unique_key: id, incremental_strategy: delete_insert }
    columns: [{ name: id, tests: [unique, positive] }]
unit_tests:
  - { name: t, model: latin, given: [{ input: raw.event, rows: [{ id: 1 }] }], expect: { rows: [{ id: 1 }] } }
`,
    'sinks/latin.yaml': 'kind: sync\nname: latin\nfrom: latin\nto: latin\n',
  });

  assert.deepEqual(places(findings), [
    'FILE_UNREADABLE macros/helpers.ts:1:53',
    'TEMPLATE_SYNTAX macros/total.hbs:1:5',
    'MACRO_NOT_FOUND models/b.sql:1:12',
    'SOURCE_NOT_FOUND models/c.sql:1:57',
    'CHECK_NAME_UNKNOWN models/d.sql:2:3',
    'FILE_UNREADABLE models/latin.sql:2:3',
    'YAML_SYNTAX sources/raw.yaml:7:1',
    'VALUE_INVALID sources/shop.yaml:7:14',
    'TEMPLATE_SYNTAX tests/generic/positive.sql:1:8',
  ]);
});

test('tests, unit tests and hooks that name what is not there are told once', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/a.sql': `select id from ${event}`,
    'models/b.sql': `{{config post_hook="grant select on {{ref 'nowhere'}} to x"}}select id from ${event}`,
    'models/c.sql': `select id, {{var "none"}} as v from ${event}; select 2`,
    'models/models.yaml': `kind: models
models:
  - name: a
    columns: [{ name: id, tests: [{ relationships: { to: gone, field: id } }] }]
unit_tests:
  - { name: t, model: a, given: [{ input: raw.evnt, rows: [{ id: 1 }] }], expect: { rows: [{ id: 1 }] } }
`,
    'sinks/s.yaml': 'kind: sync\nname: s\nfrom: nope\nto: t\n',
  });

  assert.deepEqual(places(findings), [
    'REF_NOT_FOUND models/b.sql:1:23',
    'VAR_NOT_FOUND models/c.sql:1:18',
    'MODEL_STATEMENTS models/c.sql:1:63',
    'REF_NOT_FOUND models/models.yaml:4:58',
    'SOURCE_NOT_FOUND models/models.yaml:6:43',
    'REF_NOT_FOUND sinks/s.yaml:3:7',
  ]);
});
