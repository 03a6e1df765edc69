import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CheckEngine, openCheckEngine } from '../../framework/check/check-engine.ts';
import { runCheck } from '../../framework/check/run-check.ts';
import { checkFiles, places } from '../support/checked-project.ts';
import { projectDir } from '../support/project-dir.ts';
import { readCommand } from '../support/read-command.ts';

const source = `kind: source
name: raw
tables:
  - name: event
    columns: [{ name: id, type: UInt64 }, { name: day, type: Date }, { name: kind, type: String }]
`;

test('what ClickHouse cannot parse is shown where the mistake is, not where it stops', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/comma.sql': 'select\n  id as a\n  day as b\nfrom {{source "raw" "event"}}',
    'models/bracket.sql': 'select\n  lower(kind as k\nfrom {{source "raw" "event"}}',
    'models/quote.sql': 'select\n  \'x as k,\n  id\nfrom {{source "raw" "event"}} where kind = \'b\'',
    'models/clause.sql': 'select id\nfrom {{source "raw" "event"}}\nwhre id = 1',
    'models/unicode.sql': 'select \'größe €\' as a,\n  id id id from {{source "raw" "event"}}',
  });

  assert.deepEqual(
    places(findings).map((place) => place.replace(/:\d+$/, '')),
    [
      'CHECK_SYNTAX models/bracket.sql:2',
      'CHECK_SYNTAX models/clause.sql:3',
      'CHECK_SYNTAX models/comma.sql:2',
      'CHECK_SYNTAX models/quote.sql:2',
      'CHECK_SYNTAX models/unicode.sql:2',
    ],
  );
});

test('a relation that is read by its name is told, with the call to write', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/a.sql': 'select id from {{source "raw" "event"}}',
    'models/b.sql': 'select id\nfrom dbt.a -- and not from dbt.c\njoin raw.event using (id)',
    'models/c.sql': 'select id from nowhere.at_all',
  });

  assert.deepEqual(places(findings), [
    'CHECK_TABLE_UNKNOWN models/b.sql:2:6',
    'CHECK_TABLE_UNKNOWN models/b.sql:3:6',
    'CHECK_TABLE_UNKNOWN models/c.sql:1:16',
  ]);
  assert.equal(findings[0]?.error.hint, 'Write {{ref "a"}}.');
});

test('a column that is neither aggregated nor a key is found among others of its name', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/a.sql': 'select\n  max(kind) as last,\n  kind,\n  day\nfrom {{source "raw" "event"}}\ngroup by day',
  });

  assert.deepEqual(places(findings), ['CHECK_SQL models/a.sql:3:3']);
});

test('a source without types is a warning that counts its readers, and they are not checked', async () => {
  const { findings, graph } = await checkFiles({
    'sources/raw.yaml': 'kind: source\nname: raw\ntables: [{ name: event }, { name: unread }]\n',
    'models/a.sql': 'select id from {{source "raw" "event"}}',
  });

  assert.deepEqual(
    findings.map(({ severity, error }) => [severity, error.code, error.message]),
    [['warn', 'CHECK_UNTYPED', "The source 'raw.event' declares no columns, so the model that reads it is not checked."]],
  );
  assert.equal(graph?.notChecked.get('model.a'), 'source.raw.event');
});

test('columns of a source that nobody declares are those that a sink fills', async () => {
  const { graph } = await checkFiles({
    'sources/raw.yaml': 'kind: source\nname: raw\ntables: [{ name: event }]\n',
    'sinks/event.yaml': `kind: sink
name: event
queue: { name: event, exchange: app.dx, routing_keys: [event] }
columns: { id: UInt64, at: DateTime }
to: { clickhouse: raw.event }
`,
    'models/a.sql': 'select id, toDate(at) as day from {{source "raw" "event"}}',
  });

  assert.deepEqual(graph?.relations.get('model.a')?.columns[1], { name: 'day', type: 'Date' });
});

test('a sink that does not fit the table its source declares is told at the column', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'sinks/event.yaml': `kind: sink
name: event
queue: { name: event, exchange: app.dx, routing_keys: [event] }
columns:
  id: UInt32
  dai: Date
  kind: Strin
to: { clickhouse: raw.event }
`,
  });

  assert.deepEqual(
    places(findings).map((place) => place.replace(/:\d+$/, '')),
    ['SINK_TABLE sinks/event.yaml:5', 'SINK_TABLE sinks/event.yaml:6', 'SINK_TABLE sinks/event.yaml:7'],
  );
});

test('table functions that ask a server are never asked', async () => {
  const { findings, graph } = await checkFiles({
    'models/a.sql': "select id + 1 as next from url('http://127.0.0.1:9/never', 'CSV', 'id UInt64, name String')",
    'models/b.sql': "select *\nfrom remote('127.0.0.1:9', 'x', 'y')",
    'models/c.sql': 'select next from {{ref "b"}}',
  });

  assert.deepEqual(graph?.relations.get('model.a')?.columns, [{ name: 'next', type: 'UInt64' }]);
  assert.deepEqual(places(findings), ['CHECK_UNTYPED models/b.sql:2:6']);
  assert.equal(graph?.notChecked.get('model.c'), 'model.b');
});

test('a log that only a server keeps leaves its model unchecked, and no error', async () => {
  const { findings, graph } = await checkFiles({
    'models/a.sql': 'select type, count() as queries\nfrom system.query_log\ngroup by type',
    'models/b.sql': 'select count() as tables from system.tables',
  });

  assert.deepEqual(places(findings), ['CHECK_UNTYPED models/a.sql:2:6']);
  assert.match(findings[0]?.error.message ?? '', /it reads system\.query_log, which only a server has\.$/);
  assert.deepEqual([...(graph?.relations.keys() ?? [])], ['model.b']);
});

test('a hook that ClickHouse cannot parse is told at its config key', async () => {
  const { findings } = await checkFiles({
    'models/a.sql':
      '{{config materialized="table"\n  post_hook=(list "optimize table {{this}} final" "optimise table x")}}\nselect 1 as id',
  });

  assert.deepEqual(places(findings), ['CHECK_SYNTAX models/a.sql:2:13']);
});

test('a grant of what is no privilege is told at its config key', async () => {
  const { findings } = await checkFiles({
    'models/a.sql': '{{config\n  grants=(map select="analyst" show="analyst")}}\nselect 1 as id',
    'models/b.sql': '{{config\n  grants=(map selct="analyst")}}\nselect 1 as id',
  });

  assert.deepEqual(places(findings), ['CONFIG_CONFLICT models/b.sql:2:10']);
  assert.equal(findings[0]?.error.hint, "Did you mean 'select'?");
});

test('rows of a seed that are not as its header says are told at their line, also where its types are not declared', async () => {
  const { graph, findings } = await checkFiles({
    'sources/seeds/country.csv': 'code,vat,name\nDE,19,Germany\nFR,20\n',
    'models/by_code.sql': '{{config materialized="dictionary" primary_key="code"}}select code, name from {{ref "country"}}',
    'models/x.sql': "select dictGet('dbt.by_code', 'name', 'DE') as name -- {{ref \"by_code\"}}",
  });

  assert.deepEqual(places(findings), ['SEED_INVALID sources/seeds/country.csv:3:1']);
  assert.deepEqual([...(graph?.notChecked.keys() ?? [])], ['model.by_code', 'model.x']);
});

test('readers of a dictionary that cannot be made are not checked because of it', async () => {
  const { graph, findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/keyless.sql': '{{config materialized="dictionary" primary_key="code"}}select id, kind from {{source "raw" "event"}}',
    'models/shapeless.sql':
      '{{config materialized="dictionary" primary_key="id" layout="hased()"}}select id, kind from {{source "raw" "event"}}',
    'models/x.sql': "select dictGet('dbt.keyless', 'kind', 1) as kind -- {{ref \"keyless\"}}",
    'models/y.sql': "select dictGet('dbt.shapeless', 'kind', 1) as kind -- {{ref \"shapeless\"}}",
  });

  assert.deepEqual(places(findings), ['CHECK_LAYOUT models/keyless.sql:1:48', 'CHECK_LAYOUT models/shapeless.sql:1:60']);
  assert.deepEqual(
    [...(graph?.notChecked ?? [])],
    [
      ['model.x', 'model.keyless'],
      ['model.y', 'model.shapeless'],
    ],
  );
});

test('readers of a history and of a dictionary are checked against the columns these have', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/history.sql':
      '{{config materialized="snapshot" unique_key="id" check_cols="all"}}select id, kind from {{source "raw" "event"}}',
    'models/kinds.sql':
      '{{config materialized="dictionary" primary_key="id"}}select id, any(kind) as kind from {{source "raw" "event"}} group by id',
    'models/good.sql':
      'select id, dbt_valid_from, dictGet(\'dbt.kinds\', \'kind\', id) as kind from {{ref "history"}} where dbt_valid_to is null -- {{ref "kinds"}}',
    'models/bad.sql': 'select id,\n  valid_from\nfrom {{ref "history"}}',
    'models/worse.sql': 'select id,\n  dictGet(\'dbt.kinds\', \'kin\', id) as kind\nfrom {{ref "history"}} -- {{ref "kinds"}}',
  });

  assert.deepEqual(places(findings), ['CHECK_NAME_UNKNOWN models/bad.sql:2:3', 'CHECK_SQL models/worse.sql:2:3']);
});

test('FINAL, PREWHERE and columns of parts are checked as tables have them', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/a.sql':
      '{{config materialized="table" engine="ReplacingMergeTree" order_by="id"}}select id, kind from {{source "raw" "event"}}',
    'models/b.sql': '{{config materialized="table" order_by="id"}}select id from {{ref "a" final=true}} as a',
    'models/c.sql': 'select id, _part from {{ref "b"}} prewhere id > 1',
    'models/d.sql': 'select id\nfrom {{ref "b" final=true}} as b',
  });

  assert.deepEqual(
    findings.map(({ node, error }) => [node, error.code]),
    [['model.d', 'CHECK_SQL']],
  );
});

test('a model on which the engine hangs or crashes costs itself and its readers', async () => {
  using dir = projectDir({
    'sources/raw.yaml': source,
    'models/a.sql': 'select id from {{source "raw" "event"}}',
    'models/hangs.sql': 'select id, 1 as hanging from {{ref "a"}}',
    'models/reads.sql': 'select id from {{ref "hangs"}}',
    'models/other.sql': 'select id from {{ref "a"}}',
  });
  await using engine = await openCheckEngine();
  const hanging: CheckEngine = {
    run: async (statements) => {
      const answers = await engine.run(statements.map((statement) => (isHanging(statement.sql) ? { sql: 'select 1' } : statement)));
      return answers.map((answer, index) => (isHanging(statements[index]?.sql ?? '') ? { kind: 'lost', why: 'timed out' } : answer));
    },
    [Symbol.asyncDispose]: async () => {},
  };

  const { findings, graph } = await runCheck({ ...(await dir.load()), engine: hanging, only: null, readCommand });

  assert.deepEqual(places(findings), ['CHECK_SQL models/hangs.sql:1:1']);
  assert.match(findings[0]?.error.message ?? '', /not analysed in time/);
  assert.deepEqual([...(graph?.notChecked ?? [])], [['model.reads', 'model.hangs']]);
  assert.ok(graph?.relations.has('model.other'));
});

const isHanging = (sql: string): boolean => sql.includes('hanging');

test('a source may be sampled, and a view may have columns that a table cannot', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source.replace('kind, type: String', 'kind, type: LowCardinality(String)'),
    'models/a.sql': 'select id from {{source "raw" "event"}} sample 1 / 10',
    'models/b.sql': `select id, kind = 'x' as is_x, null as nothing from {{source "raw" "event"}}`,
    'models/c.sql': 'select id, is_x from {{ref "b"}}',
    'models/d.sql': '{{config materialized="table" order_by="id"}}select id,\n null as nothing from {{source "raw" "event"}}',
    'models/e.sql': '{{config materialized="table" order_by="id"}}select id,\n is_x from {{ref "b"}}',
  });

  assert.deepEqual(
    places(findings).map((place) => place.replace(/:\d+$/, '')),
    ['CHECK_TYPE models/d.sql:2', 'CHECK_TYPE models/e.sql:2'],
  );
});
