import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ProjectFolder, projectFolder, runCli } from '../support/cli.ts';
import { s3Server } from '../support/s3-server.ts';
import { stateProject } from '../support/state-project.ts';

let project: ProjectFolder;
const gccflow = (...args: string[]) => runCli(args, { cwd: project.dir });

async function names(...args: string[]): Promise<string[]> {
  const { stdout, stderr, exitCode } = await gccflow('ls', '--output', 'name', '--indirect-selection', 'empty', ...args);
  assert.equal(exitCode, 0, stderr);
  return stdout.split('\n').filter((line) => line !== '');
}

const state = ['--state', 'before'];

before(async () => {
  const failing = { 'tests/data/no_orders.sql': 'select * from {{ref "orders"}}' };
  project = projectFolder({ ...stateProject, ...failing });
  await gccflow('build');
  cpSync(join(project.dir, 'target'), join(project.dir, 'before'), { recursive: true });
  project.write({
    'models/stg_orders.sql': `{{! reformatted }}\nSELECT\n  number AS id, -- the key\n  if(number % 2 = 0, 'EUR', 'USD') AS code, 10 AS price\nFROM numbers(6)\n`,
    'models/fresh.sql': 'select 1 as x',
    'sources/seeds/rates.csv': 'code,rate\nEUR,1\nUSD,3\n',
  });
  rmSync(join(project.dir, 'models/eur_totals.sql'));
});

after(() => project[Symbol.dispose]());

test('a reformatted model is unmodified, a changed seed and a new model are modified', async () => {
  assert.deepEqual(await names('-s', 'state:modified', ...state), ['rates', 'fresh']);
  assert.deepEqual(await names('-s', 'state:new', ...state), ['fresh']);
  assert.deepEqual(await names('-s', 'state:modified.body+1', ...state), ['rates', 'eur', 'orders']);
  assert.ok((await names('-s', 'state:unmodified', ...state)).includes('stg_orders'));
});

test('named selections may ask for a state too', async () => {
  project.write({
    'selectors.yaml':
      'selectors:\n  - { name: changed, definition: { method: state, value: modified, children: true } }\n  - { name: short, definition: { state: new } }\n',
  });

  const changed = await names('--selector', 'changed', '--resource-type', 'seed', '--resource-type', 'model', ...state);
  const short = await names('--selector', 'short', ...state);
  const without = await gccflow('ls', '--selector', 'changed');
  rmSync(join(project.dir, 'selectors.yaml'));

  assert.deepEqual(changed, ['rates', 'eur', 'fresh', 'orders', 'totals']);
  assert.deepEqual(short, ['fresh']);
  assert.match(without.stderr, /error\[USAGE\]: A 'state:' selector needs an earlier state/);
});

test('what is gone is listed, alone and beside what there is, and is never run', async () => {
  const listed = await gccflow('ls', '-s', 'state:removed', ...state);
  const beside = await names('-s', 'state:removed state:new', ...state);
  const json = await gccflow('ls', '-s', 'state:removed', '--json', ...state);
  const run = await gccflow('run', '-s', 'state:removed', ...state);

  assert.equal(listed.stdout, 'shop.eur_totals\n');
  assert.deepEqual(beside, ['fresh', 'eur_totals']);
  assert.deepEqual(JSON.parse(json.stdout), [
    {
      name: 'eur_totals',
      resource_type: 'model',
      package_name: 'shop',
      original_file_path: 'models/eur_totals.sql',
      unique_id: 'model.eur_totals',
      fqn: ['shop', 'eur_totals'],
      tags: [],
      removed: true,
    },
  ]);
  assert.equal(run.exitCode, 2);
  assert.match(run.stderr, /error\[SELECTOR_NO_MATCH\][\s\S]*gccflow ls --select state:removed/);
});

test('nothing removed is an error like any selection of nothing', async () => {
  const { exitCode, stderr } = await gccflow('ls', '-s', 'state:removed', '--resource-type', 'seed', ...state);
  const allowed = await gccflow('ls', '-s', 'state:removed', '--resource-type', 'seed', '--allow-empty', ...state);

  assert.equal(exitCode, 2);
  assert.match(stderr, /error\[SELECTOR_NO_MATCH\]: The selector 'state:removed' matches nothing/);
  assert.deepEqual([allowed.exitCode, allowed.stdout], [0, '']);
});

test('result: looks at the run that the state is of, without one at the last run', async () => {
  const before = await names('-s', 'result:fail', ...state);
  await gccflow('run', '-s', 'fresh');

  assert.deepEqual(before, ['no_orders']);
  assert.deepEqual(await names('-s', 'result:fail', ...state), ['no_orders']);
  assert.deepEqual(await names('-s', 'result:success'), ['fresh']);
});

test('the state may lie in a bucket, below a prefix', async () => {
  await using s3 = await s3Server();
  using remote = projectFolder({
    ...stateProject,
    'project.yaml': `name: shop
targets:
  dev:
    warehouse: { type: embedded, database: dev_ana }
    objects: { type: s3, bucket: other, endpoint: '${s3.url}', access_key_id: key, secret_access_key: hush-hush }
models: { materialized: table }
`,
  });
  await fetch(`${s3.url}/artifacts/runs/42/manifest.json`, {
    method: 'PUT',
    body: readFileSync(join(project.dir, 'before/manifest.json')),
  });
  const ls = (url: string) =>
    runCli(['ls', '-s', 'state:modified', 'state:removed', '--output', 'name', '--state', url], { cwd: remote.dir });

  const found = await ls('s3://artifacts/runs/42/');
  const missing = await ls('s3://artifacts/runs/43');
  const unnamed = await ls('s3://');

  assert.match(found.stderr, /SELECTOR_NO_MATCH[\s\S]*'state:modified'/);
  assert.match(
    missing.stderr,
    /error\[ARTIFACT_MISSING\]: There is no manifest\.json in 's3:\/\/artifacts\/runs\/43', which --state names/,
  );
  assert.match(unnamed.stderr, /error\[USAGE\]: 's3:\/\/' names no bucket/);
});

test('a state that is no manifest is refused with its place', async () => {
  project.write({ 'broken/manifest.json': '{"nodes": 3}', 'cut/manifest.json': '{"nodes": {' });
  const [broken, cut] = await Promise.all([
    gccflow('ls', '--state', 'broken', '-s', 'state:new'),
    gccflow('ls', '--state', 'cut', '-s', 'state:new'),
  ]);

  assert.match(broken.stderr, /error\[ARTIFACT_MISSING\]: 'broken\/manifest\.json' cannot be read: it is no manifest\./);
  assert.match(cut.stderr, /error\[ARTIFACT_MISSING\]: 'cut\/manifest\.json' cannot be read: /);
});

test('source_status: compares the last check of freshness with that of the state, or with the one before', async () => {
  using dated = projectFolder({
    ...stateProject,
    'sources/raw.yaml': `kind: source
name: raw
database: system
freshness: { error_after: 1d }
tables:
  - { name: still, identifier: one, loaded_at: "toDateTime('2020-01-01 00:00:00', 'UTC')" }
  - { name: moving, identifier: build_options, loaded_at: now64(3) }
`,
    'models/late.sql': 'select * from {{source "raw" "moving"}}',
  });
  const run = (...args: string[]) => runCli(args, { cwd: dated.dir });
  const picked = async (selector: string, ...more: string[]): Promise<string[]> => {
    const { stdout, stderr } = await run('ls', '-s', selector, '--output', 'name', '--allow-empty', ...more);
    assert.equal(stderr, '');
    return stdout.split('\n').filter((line) => line !== '');
  };
  const without = await run('ls', '-s', 'source_status:fresher');
  await run('freshness');
  cpSync(join(dated.dir, 'target'), join(dated.dir, 'before'), { recursive: true });
  await run('freshness');

  assert.match(without.stderr, /error\[ARTIFACT_MISSING\]: A 'source_status:' selector needs a check of freshness/);
  assert.deepEqual(await picked('source_status:fresher+'), ['moving', 'late']);
  assert.deepEqual(await picked('source_status:fresher', '--state', 'before'), ['moving']);
  assert.deepEqual(await picked('source_status:changed', '--state', 'before'), ['moving']);
  assert.deepEqual(await picked('source_status:error'), ['still']);
  assert.deepEqual(await picked('source_status:stale'), ['still']);
});
