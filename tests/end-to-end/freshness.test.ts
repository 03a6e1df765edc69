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
  const everything = await runCli(['freshness'], { cwd: undated.dir });

  assert.match(selected.stderr, /error\[SELECTOR_NO_MATCH\]: None of the selected sources declares freshness\./);
  assert.deepEqual([selected.exitCode, allowed.exitCode, everything.exitCode], [2, 0, 0]);
  assert.match(everything.stderr, /No source declares freshness, nothing is asked\./);
});
