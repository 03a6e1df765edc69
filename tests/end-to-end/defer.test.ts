import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ProjectFolder, projectFolder, runCli } from '../support/cli.ts';
import { stateProject } from '../support/state-project.ts';

let project: ProjectFolder;
const gccflow = (...args: string[]) => runCli(args, { cwd: project.dir });

async function rows(sql: string): Promise<unknown> {
  const { stdout, stderr, exitCode } = await gccflow('show', '--inline', sql, '--json', '--limit', '50');
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout);
}

const tablesOf = (database: string): Promise<unknown> =>
  rows(`select name from system.tables where database = '${database}' order by name`);

before(async () => {
  project = projectFolder(stateProject);
  const built = await gccflow('build', '--target', 'prod');
  assert.equal(built.exitCode, 0, built.stderr);
  cpSync(join(project.dir, 'target'), join(project.dir, 'prod-artifacts'), { recursive: true });
});

after(() => project[Symbol.dispose]());

test('only what changed is built in the other database, of what the state has of the rest', async () => {
  project.write({ 'models/orders.sql': (stateProject['models/orders.sql'] as string).replace('o.price', '100 * o.price') });

  const { exitCode, stdout, stderr } = await gccflow('build', '-s', 'state:modified+', '--defer', '--state', 'prod-artifacts');

  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, /^deferred to prod-artifacts\/manifest\.json: stg_orders, rates$/m);
  assert.match(stdout, /ok {9}model\.orders[\s\S]*pass {7}test\.relationships_orders_id__id__stg_orders[\s\S]*ok {9}model\.totals/);
  assert.deepEqual(await tablesOf('dev_ana'), [{ name: 'orders' }, { name: 'totals' }]);
  assert.deepEqual(await rows('select total from dev_ana.totals'), [{ total: 4500 }]);
  assert.deepEqual(await rows('select total from analytics.totals'), [{ total: 45 }]);
  assert.match(readFileSync(join(project.dir, 'target/compiled/shop/models/orders.sql'), 'utf8'), /from `analytics`\.`stg_orders`/);
});

test('the manifest of a deferred run names the relations of its own target', async () => {
  const { nodes } = JSON.parse(readFileSync(join(project.dir, 'target/manifest.json'), 'utf8'));

  assert.equal(nodes['model.shop.stg_orders'].relation_name, '`dev_ana`.`stg_orders`');
});

test('a relation that the target has comes before that of the state, unless the state is favoured', async () => {
  const totals = ['compile', '-s', 'totals', '--state', 'prod-artifacts'];

  const own = await gccflow(...totals, '--defer');
  const favoured = await gccflow(...totals, '--defer', '--favor-state');

  assert.match(own.stdout, /from `dev_ana`\.`orders`/, own.stderr);
  assert.match(favoured.stdout, /from `analytics`\.`orders`/, favoured.stderr);
});

test('refs of an ephemeral model are deferred within what reads it', async () => {
  const { stdout, stderr } = await gccflow('compile', '-s', 'eur_totals', '--defer', '--state', 'prod-artifacts');

  assert.match(stdout, /from `analytics`\.`stg_orders` as o join \(select \* from `analytics`\.`rates`/, stderr);
});

test('tests read what the target lacks from the state', async () => {
  const { exitCode, stdout, stderr } = await gccflow('test', '-s', 'orders', '--defer', '--state', 'prod-artifacts');

  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /pass {7}test\.relationships_orders_id__id__stg_orders/);
});

test('show reads a model that only the state has', async () => {
  const named = await gccflow('show', 'stg_orders', '--json', '--limit', '1', '--defer', '--state', 'prod-artifacts');
  const inline = await gccflow(
    'show',
    '--inline',
    'select count() as n from {{ref "rates"}}',
    '--json',
    '--defer',
    '--state',
    'prod-artifacts',
  );

  assert.deepEqual(JSON.parse(named.stdout), [{ id: 0, code: 'EUR', price: 10 }]);
  assert.deepEqual(JSON.parse(inline.stdout), [{ n: 2 }]);
});

test('the plan of a deferred build names the relations it would read', async () => {
  const { stdout, stderr } = await gccflow('plan', '-s', 'eur_totals', '--defer', '--state', 'prod-artifacts');

  assert.match(stdout, /`dev_ana`\.`eur_totals`[\s\S]*from `analytics`\.`stg_orders`/, stderr);
});

test('a failed deferred run is retried as it was', async () => {
  project.write({ 'models/eur_totals.sql': 'select throwIf(count() > 0, \'no\') as orders from {{ref "stg_orders"}}' });
  const failed = await gccflow('build', '-s', 'eur_totals', '--defer', '--state', 'prod-artifacts');
  project.write({ 'models/eur_totals.sql': 'select count() as orders from {{ref "stg_orders"}}' });

  const retried = await gccflow('retry');

  assert.equal(failed.exitCode, 1);
  assert.equal(retried.exitCode, 0, retried.stderr);
  assert.deepEqual(await rows('select orders from dev_ana.eur_totals'), [{ orders: 6 }]);
});

const wrong: readonly (readonly [readonly string[], RegExp, number])[] = [
  [['run', '--defer'], /error\[USAGE\]: '--defer' needs '--state'/, 2],
  [['run', '--favor-state', '--state', 'prod-artifacts'], /error\[USAGE\]: '--favor-state' says how '--defer' decides/, 2],
  [['run', '--defer', '--state', 'nowhere'], /error\[ARTIFACT_MISSING\]: There is no manifest\.json in 'nowhere'/, 1],
  [['ls', '-s', 'state:modified'], /error\[USAGE\]: A 'state:' selector needs an earlier state/, 2],
];
for (const [args, message, code] of wrong) {
  test(`gccflow ${args.join(' ')} is refused`, async () => {
    const { exitCode, stderr } = await gccflow(...args);

    assert.match(stderr, message);
    assert.equal(exitCode, code);
  });
}
