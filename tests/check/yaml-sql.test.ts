import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckEngine } from '../../framework/check/check-engine.ts';
import { projectFolder } from '../support/cli.ts';
import { checkFiles } from './mutations/check-files.ts';

const project = {
  'project.yaml': 'name: store\ntargets: { dev: { warehouse: { type: embedded } } }\n',
  'sources/erp.yaml': `kind: source
name: erp
loaded_at: updated
freshness: { warn_after: 1d }
tables:
  - name: orders
    columns: [{ name: id, type: UInt64 }, { name: updated, type: DateTime }]
`,
  'sources/stream.yaml': 'kind: source\nname: stream\ndatabase: _e\ntables: [{ name: clicks, columns: [{ name: id }] }]\n',
  'sinks/clicks.yaml': `kind: sink
name: clicks
queue: { name: clicks_q }
to:
  clickhouse: _e.clicks
  create: true
  engine: ReplicatedReplacingMergeTree('/clickhouse/{shard}/clicks', '{replica}', at)
  order_by: [id]
  partition_by: toYYYYMM(at)
  ttl: at + interval 1 year
columns: { id: UInt64, at: DateTime }
`,
  'models/clicks_by_day.sql': `{{config materialized="materialized_view" engine="SummingMergeTree" order_by="day" watermark="at"}}
select toDate(at) as day, count() as clicks
from {{source "stream" "clicks"}}
group by day
`,
  'models/inline_orders.sql': '{{config materialized="ephemeral"}}\nselect id from {{source "erp" "orders"}} -- all of them\n',
  'models/orders.sql': 'select a.id as id from {{ref "inline_orders"}} as a inner join {{ref "inline_orders"}} as b on a.id = b.id\n',
  'models/models.yaml': `kind: models
models:
  - name: orders
    config: { contract: enforced }
    constraints:
      - { type: check, expression: id > 0 }
    columns:
      - name: id
        type: UInt64
        constraints:
          - { type: check, expression: id < 1000 }
`,
} as const;

const faults: readonly (readonly [keyof typeof project, string, string, string])[] = [
  ['sources/erp.yaml', 'loaded_at: updated', 'loaded_at: updatd', 'sources/erp.yaml:3 CHECK_NAME_UNKNOWN'],
  ['sources/erp.yaml', 'loaded_at: updated', 'loaded_at: id', 'sources/erp.yaml:3 CHECK_TYPE'],
  ['sources/erp.yaml', 'warn_after: 1d }', "warn_after: 1d, filter: 'day > 1' }", 'sources/erp.yaml:4 CHECK_NAME_UNKNOWN'],
  ['models/models.yaml', 'expression: id > 0', 'expression: idd > 0', 'models/models.yaml:6 CHECK_NAME_UNKNOWN'],
  ['models/models.yaml', 'expression: id < 1000', "expression: id < 'x'", 'models/models.yaml:11 CHECK_TYPE'],
  ['sinks/clicks.yaml', 'order_by: [id]', 'order_by: [ids]', 'sinks/clicks.yaml:8 SINK_TABLE'],
  ['sinks/clicks.yaml', 'toYYYYMM(at)', 'toYYYYMM(day)', 'sinks/clicks.yaml:9 SINK_TABLE'],
  ['sinks/clicks.yaml', 'ttl: at +', 'ttl: id +', 'sinks/clicks.yaml:10 SINK_TABLE'],
  ['sinks/clicks.yaml', "'{replica}', at)", "'{replica}', version)", 'sinks/clicks.yaml:7 SINK_TABLE'],
];

test('SQL of contracts, freshness and sinks is told at its line where ClickHouse refuses it', async () => {
  for (const [file, find, put, expected] of faults) {
    await using engine = await openCheckEngine();
    using folder = projectFolder({});
    const text: string = project[file];
    assert.ok(text.includes(find), find);

    const told = await checkFiles({ ...project, [file]: text.replace(find, () => put) }, folder.dir, engine);

    assert.equal(told.length, 1, `${put}: ${told.join(' | ')}`);
    assert.ok(told[0]?.startsWith(`${expected} `), `${put}: ${told.join(' | ')}`);
  }
});

test('a view fed from what a sink fills, an inline model that ends in a comment and a replicated table of a sink are fine', async () => {
  await using engine = await openCheckEngine();
  using folder = projectFolder({});

  assert.deepEqual(await checkFiles(project, folder.dir, engine), []);
});

test('a ref that misses is told once, though a unit test gives what it was meant to read', async () => {
  await using engine = await openCheckEngine();
  using folder = projectFolder({});
  const unitTest = `unit_tests:
  - name: kept
    model: orders
    given: [{ input: '{{source "erp" "orders"}}', rows: [{ id: 1 }] }]
    expect: { rows: [{ id: 1 }] }
`;
  const files = { ...project, 'models/models.yaml': `${project['models/models.yaml']}${unitTest}` };
  assert.deepEqual(await checkFiles(files, folder.dir, engine), []);
  const inline = project['models/inline_orders.sql'].replace('"orders"', '"order"');

  const told = await checkFiles({ ...files, 'models/inline_orders.sql': inline }, folder.dir, engine);

  assert.equal(told.length, 1, told.join(' | '));
  assert.match(told[0] ?? '', /^models\/inline_orders\.sql:2 SOURCE_NOT_FOUND/);
});

test('a type that ClickHouse lacks is told once, of the sink that fills the table, and not of its neighbours with defaults', async () => {
  await using engine = await openCheckEngine();
  using folder = projectFolder({});
  const sink = project['sinks/clicks.yaml'].replace('at: DateTime', 'at: DateTim');
  const source = project['sources/erp.yaml']
    .replace('type: UInt64', 'type: UInt46')
    .replace('type: DateTime', 'type: DateTime DEFAULT now()');

  const told = await checkFiles({ ...project, 'sinks/clicks.yaml': sink, 'sources/erp.yaml': source }, folder.dir, engine);

  assert.deepEqual(
    told.map((line) => line.split(' ')[0]),
    ['sinks/clicks.yaml:11', 'sources/erp.yaml:7'],
  );
});

test('a named tuple is the same in both branches of an incremental model', async () => {
  await using engine = await openCheckEngine();
  using folder = projectFolder({});
  const source = project['sources/erp.yaml'].replace(
    'type: DateTime',
    "type: DateTime }, { name: geo, type: 'Tuple(lat Float32, lon Float32)'",
  );
  const model = `{{config materialized="incremental" incremental_strategy="append" order_by="id"}}
select id, geo from {{source "erp" "orders"}}
{{#if (is_incremental)}}where id > (select max(id) from {{this}}){{/if}}
`;

  assert.deepEqual(await checkFiles({ ...project, 'sources/erp.yaml': source, 'models/places.sql': model }, folder.dir, engine), []);
});

test('a layout that dictionaries do not have is told at its line', async () => {
  await using engine = await openCheckEngine();
  using folder = projectFolder({});
  const model =
    '{{config\n  materialized="dictionary"\n  primary_key="id"\n  layout="hashedd()"\n}}\nselect id, updated from {{source "erp" "orders"}}\n';

  const told = await checkFiles({ ...project, 'models/order_times.sql': model }, folder.dir, engine);

  assert.equal(told.length, 1, told.join(' | '));
  assert.match(told[0] ?? '', /^models\/order_times\.sql:4 CHECK_LAYOUT/);
});
