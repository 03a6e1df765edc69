import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CheckEngine, openCheckEngine } from '../../framework/check/check-engine.ts';
import { runCheck } from '../../framework/check/run-check.ts';
import { type Files, projectDir } from '../support/project-dir.ts';
import { readCommand } from '../support/read-command.ts';

const files: Files = {
  'sources/raw.yaml': `kind: source
name: raw
tables: [{ name: event, columns: [{ name: id, type: UInt64 }, { name: day, type: Date }, { name: kind, type: String }] }]
`,
  'models/a.sql': 'select id, day, kind from {{source "raw" "event"}}',
  'models/b.sql': 'select id, upper(kind) as kind from {{ref "a"}}',
  'models/c.sql': '{{config materialized="table" order_by="id"}}select id from {{ref "a"}}',
  'models/d.sql': 'select id from {{ref "b"}}',
  'models/models.yaml': 'kind: models\nmodels: [{ name: c, columns: [{ name: id, tests: [not_null] }] }]\n',
};

interface Checked {
  /** Models whose SQL was sent, in order. */
  readonly asked: readonly string[];
  readonly found: readonly string[];
}

/** Checks the project again and again; each time with an engine of its own. */
async function check(dir: ReturnType<typeof projectDir>): Promise<Checked> {
  await using engine = await openCheckEngine();
  const asked: string[] = [];
  const watched: CheckEngine = {
    run(statements) {
      asked.push(...statements.flatMap(({ sql }) => /^create table `dbt`\.`(\w+)`[\s\S]*\nempty as\n/.exec(sql)?.[1] ?? []));
      return engine.run(statements);
    },
    [Symbol.asyncDispose]: async () => {},
  };
  const { findings } = await runCheck({ ...(await dir.load()), engine: watched, only: null, readCommand });
  return { asked, found: findings.map(({ error }) => `${error.code} ${error.at?.file}:${error.at?.line}`) };
}

test('what is as it was is not asked again', async () => {
  using dir = projectDir(files);
  const first = await check(dir);

  const second = await check(dir);

  assert.deepEqual(first, { asked: ['a', 'b', 'c', 'd'], found: [] });
  assert.deepEqual(second, { asked: [], found: [] });
});

test('an edit asks about its model, and about those that read a column which it changed', async () => {
  using dir = projectDir(files);
  await check(dir);
  dir.write({ 'models/a.sql': 'select id, day, kind, 1 as more from {{source "raw" "event"}}' });
  const added = await check(dir);
  dir.write({ 'models/a.sql': 'select id, day, kind, toUInt64(1) as more from {{source "raw" "event"}} where id > 1' });
  const unread = await check(dir);

  dir.write({ 'models/a.sql': 'select id, day, length(kind) as kind from {{source "raw" "event"}}' });
  const retyped = await check(dir);

  assert.deepEqual(added, { asked: ['a'], found: [] });
  assert.deepEqual(unread, { asked: ['a'], found: [] });
  assert.deepEqual(retyped, { asked: ['a', 'b'], found: ['CHECK_TYPE models/b.sql:1'] });
});

test('a model with a mistake is asked again until it has none, and its readers see what it returned before', async () => {
  using dir = projectDir(files);
  await check(dir);
  dir.write({ 'models/b.sql': 'select id, nothing from {{ref "a"}}' });
  const broken = await check(dir);

  const still = await check(dir);
  dir.write({ 'models/b.sql': 'select id, upper(kind) as kind from {{ref "a"}}' });
  const mended = await check(dir);

  assert.deepEqual(broken, { asked: ['b'], found: ['CHECK_NAME_UNKNOWN models/b.sql:1'] });
  assert.deepEqual(still, { asked: ['b'], found: ['CHECK_NAME_UNKNOWN models/b.sql:1'] });
  assert.deepEqual(mended, { asked: ['b'], found: [] });
});

test('a change of the layout alone is found too', async () => {
  using dir = projectDir(files);
  await check(dir);

  dir.write({ 'models/c.sql': '{{config materialized="table" order_by="idd"}}select id from {{ref "a"}}' });
  const changed = await check(dir);

  assert.deepEqual(changed.found, ['CHECK_LAYOUT models/c.sql:1']);
});

test('an edit of what the SQL of a model does not say is found: of a snapshot, of a key in the properties, of a dictionary that it asks', async () => {
  const changed = (key: string): string => `{{config materialized="snapshot" unique_key="id" ${key}}}select id, day, kind from {{ref "a"}}`;
  const keyed = (key: string): string => `kind: models\nmodels: [{ name: c, config: { unique_key: ${key} } }]\n`;
  const land = (type: string): string => `{{config materialized="dictionary" primary_key="code"}}select ${type}(1) as code, 'x' as name`;
  using dir = projectDir({
    ...files,
    'models/by_time.sql': changed('updated_at="day"'),
    'models/by_value.sql': changed('check_cols=(list "kind")'),
    'models/models.yaml': keyed('id'),
    'models/land.sql': land('toUInt64'),
    'models/lands.sql': `select dictGet('dbt.land', 'name', id) as named from {{source "raw" "event"}} -- {{ref "land"}}`,
  });
  const before = await check(dir);
  dir.write({
    'models/by_time.sql': changed('updated_at="days"'),
    'models/by_value.sql': changed('check_cols=(list "kinds")'),
    'models/models.yaml': keyed('ids'),
    'models/land.sql': land('toDate'),
  });

  const after = await check(dir);

  assert.deepEqual(before.found, []);
  assert.deepEqual(after.found, [
    'CHECK_LAYOUT models/by_time.sql:1',
    'CHECK_LAYOUT models/by_value.sql:1',
    'CHECK_TYPE models/lands.sql:1',
    'CHECK_LAYOUT models/models.yaml:2',
  ]);
});

test('a unit test runs again when a dictionary that it gives is asked by another column', async () => {
  const land = (key: string): string =>
    `{{config materialized="dictionary" primary_key="${key}"}}select toUInt64(1) as code, toUInt64(2) as area, 'x' as name`;
  using dir = projectDir({
    ...files,
    'models/land.sql': land('code'),
    'models/lands.sql': `select dictGet('dbt.land', 'name', id) as named from {{source "raw" "event"}} -- {{ref "land"}}`,
    'models/lands.yaml': `kind: models
unit_tests:
  - name: named
    model: lands
    given: [{ input: raw.event, rows: [{ id: 1 }] }, { input: land, rows: [{ code: 1, area: 2, name: x }] }]
    expect: { rows: [{ named: x }] }
`,
  });
  const before = await check(dir);
  dir.write({ 'models/land.sql': land('area') });

  const after = await check(dir);

  assert.deepEqual(before.found, []);
  assert.deepEqual(after.found, ['UNIT_TEST_FAILED models/lands.yaml:3']);
});
