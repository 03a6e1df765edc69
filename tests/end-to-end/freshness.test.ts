import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFolder, runCli } from '../support/cli.ts';

/** Sources of three ages, whose tables the hooks of the model `load` make. */
const files: Readonly<Record<string, string>> = {
  'project.yaml': 'name: shop\ntargets: { dev: {} }\n',
  'sources/raw.yaml': `kind: source
name: raw
loaded_at: at
freshness: { warn_after: 6h, error_after: 1d }
tables:
  - { name: fresh }
  - { name: aging }
  - { name: stale }
  - { name: absent }
  - { name: undated, freshness: null }
`,
  'models/load.sql': `{{config materialized="table" tags="load" pre_hook=(list
  "create database raw"
  "create table raw.fresh engine = MergeTree order by at as select now() as at"
  "create table raw.aging engine = MergeTree order by at as select now() - 7 * 3600 as at"
  "create table raw.stale engine = MergeTree order by at as select now() - 75 * 3600 as at"
  "create table raw.undated engine = MergeTree order by at as select now() as at")}}
select 1 as done`,
};

test('freshness prints the age of every dated source, names what is wrong, and exits 1', async () => {
  using project = projectFolder(files);
  const gccflow = (...args: string[]) => runCli(args, { cwd: project.dir });
  await gccflow('run', '--select', 'load');

  const all = await gccflow('freshness');
  const asJson = await gccflow('freshness', '--select', 'source:raw.fresh', 'source:raw.stale', '--json');
  const good = await gccflow('freshness', '--exclude', 'source:raw.absent', 'source:raw.stale');

  const lines = all.stdout.trim().split('\n').slice(2);
  assert.deepEqual(
    lines.map((line) => line.split(/\s{2,}/)).map(([status, source, , age, ...limits]) => [status, source, age, ...limits]),
    [
      ['pass', 'raw.fresh', lines[0]?.split(/\s{2,}/)[3], '6 h', '1 d'],
      ['warn', 'raw.aging', '7 h', '6 h', '1 d'],
      ['error', 'raw.stale', '3 d 3 h', '6 h', '1 d'],
      ['runtime error', 'raw.absent', '–', '6 h', '1 d'],
    ],
  );
  assert.match(
    all.stderr,
    /error\[FRESHNESS_UNKNOWN\]: The source `raw`\.`absent` is not in the warehouse\.\n {2}--> sources\/raw\.yaml:9:13/,
  );
  assert.match(all.stderr, /1 fresh, 1 old, 1 too old, 1 unknown/);
  assert.deepEqual([all.exitCode, asJson.exitCode, good.exitCode], [1, 1, 0]);
  assert.deepEqual(
    JSON.parse(asJson.stdout).map(({ unique_id, status }: Record<string, unknown>) => [unique_id, status]),
    [
      ['source.raw.fresh', 'pass'],
      ['source.raw.stale', 'error'],
    ],
  );
  const results = ['sources.json', 'sources.previous.json'].map((file) =>
    JSON.parse(readFileSync(join(project.dir, 'target', file), 'utf8')).results.map(({ unique_id }: { unique_id: string }) => unique_id),
  );
  assert.deepEqual(results, [
    ['source.shop.raw.fresh', 'source.shop.raw.aging'],
    ['source.shop.raw.fresh', 'source.shop.raw.stale'],
  ]);
});

test('a selection without a dated source is a mistake, a project without one is none', async () => {
  using project = projectFolder(files);
  using undated = projectFolder({ 'project.yaml': 'name: shop\ntargets: { dev: {} }\n', 'models/a.sql': 'select 1' });

  const selected = await runCli(['freshness', '--select', 'source:raw.undated'], { cwd: project.dir });
  const allowed = await runCli(['freshness', '--select', 'source:raw.undated', '--allow-empty'], { cwd: project.dir });
  const everything = await runCli(['freshness', '--json'], { cwd: undated.dir });

  assert.match(selected.stderr, /error\[SELECTOR_NO_MATCH\]: None of the selected sources declares freshness\./);
  assert.deepEqual([selected.exitCode, allowed.exitCode, everything.exitCode], [2, 0, 0]);
  assert.match(everything.stderr, /No source declares freshness, nothing is asked\./);
  assert.equal(everything.stdout, '[]\n');
});

/** Two lines of models, one from a stale source; `far` reads it through a model that is not selected. */
const gated: Readonly<Record<string, string>> = {
  ...files,
  'models/good.sql': '{{config materialized="table"}}select * from {{source "raw" "fresh"}}',
  'models/plain.sql': '{{config materialized="table"}}select * from {{source "raw" "undated"}}',
  'models/near.sql': '{{config materialized="table"}}select * from {{source "raw" "stale"}}',
  'models/far.sql': '{{config materialized="table"}}select * from {{ref "near"}}',
  'models/m.yaml': 'kind: models\nmodels:\n  - { name: far, columns: [{ name: at, tests: [not_null] }] }\n',
};

interface Result {
  readonly unique_id: string;
  readonly status: string;
  readonly message: string;
}

function resultsOf(dir: string): Record<string, [string, string]> {
  const { results } = JSON.parse(readFileSync(join(dir, 'target', 'run_results.json'), 'utf8'));
  return Object.fromEntries(
    results.map(({ unique_id, status, message }: Result) => [unique_id.replace(/\.[0-9a-f]{10}$/, ''), [status, message]]),
  );
}

test('build --require-fresh skips what is made of a stale source, with the reason, builds the rest and exits 1', async () => {
  using project = projectFolder(gated);
  const gccflow = (...args: string[]) => runCli(args, { cwd: project.dir });
  await gccflow('run', '--select', 'load');

  const open = await gccflow('build', '--exclude', 'load');
  const build = await gccflow('build', '--exclude', 'load', '--require-fresh');

  const reason = "skipped because 'source.raw.stale' is too old: 3 d 3 h, and 1 d is allowed";
  assert.deepEqual(resultsOf(project.dir), {
    'model.shop.good': ['success', '1 row'],
    'model.shop.plain': ['success', '1 row'],
    'model.shop.near': ['skipped', reason],
    'model.shop.far': ['skipped', reason],
    'test.shop.not_null_far_at': ['skipped', reason],
  });
  assert.deepEqual([open.exitCode, build.exitCode], [0, 1]);
  assert.match(build.stdout, /skipped {2,}model\.near .*'source\.raw\.stale' is too old/);
});

test('run --require-fresh asks for the sources above nodes that are not selected, and a retry asks again', async () => {
  using project = projectFolder(gated);
  const gccflow = (...args: string[]) => runCli(args, { cwd: project.dir });
  await gccflow('run', '--select', 'load');
  await gccflow('run', '--exclude', 'load');

  const run = await gccflow('run', '--select', 'far', '--require-fresh');
  const again = await gccflow('retry');
  project.write({ 'sources/raw.yaml': (files['sources/raw.yaml'] ?? '').replace('error_after: 1d', 'error_after: 30d') });
  const later = await gccflow('retry');

  assert.deepEqual([run.exitCode, again.exitCode, later.exitCode], [1, 1, 0]);
  assert.match(again.stdout, /skipped {2,}model\.far/);
  assert.deepEqual(resultsOf(project.dir), { 'model.shop.far': ['success', '1 row'] });
});

test('a source whose age cannot be told holds back what is made of it, and its error says why', async () => {
  using project = projectFolder({ ...gated, 'models/lost.sql': '{{config materialized="table"}}select * from {{source "raw" "absent"}}' });
  const gccflow = (...args: string[]) => runCli(args, { cwd: project.dir });
  await gccflow('run', '--select', 'load');

  const build = await gccflow('build', '--select', 'lost', 'plain', '--require-fresh');
  const undated = await gccflow('build', '--select', 'plain', '--require-fresh');

  assert.deepEqual(resultsOf(project.dir), { 'model.shop.plain': ['success', '1 row'] });
  assert.deepEqual([build.exitCode, undated.exitCode], [1, 0]);
  assert.match(build.stdout, /skipped {2,}model\.lost .*'source\.raw\.absent' is of unknown age: The source `raw`\.`absent` is not/);
  assert.match(build.stderr, /error\[FRESHNESS_UNKNOWN\]: The source `raw`\.`absent` is not in the warehouse\./);
  assert.match(undated.stderr, /No source of these nodes declares freshness/);
});
