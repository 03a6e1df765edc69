import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { artifactSchema } from '../support/artifact-schemas.ts';
import { projectFolder, runCli } from '../support/cli.ts';
import { ConsumedCatalog, ConsumedManifest, ConsumedSources } from '../support/consumed-artifacts.ts';

/** Built: a table, a view, a seed and a source; not built: a model, an ephemeral one and a source. */
const files: Readonly<Record<string, string>> = {
  'project.yaml': 'name: shop\ntargets: { dev: {} }\n',
  'models/load.sql': `{{config materialized="table" pre_hook=(list
  "create database raw"
  "create table raw.orders (id UInt64 comment 'The key.', at DateTime('UTC')) engine = MergeTree order by id comment 'Orders.'"
  "insert into raw.orders select number, now() from numbers(5)")}}
select toUInt8(1) as done, 'x' as "odd name"`,
  'models/seen.sql': 'select id, at from {{source "raw" "orders"}}',
  'models/inline.sql': '{{config materialized="ephemeral"}}select 1 as one',
  'models/later.sql': 'select one from {{ref "inline"}}',
  'sources/raw.yaml':
    'kind: source\nname: raw\nloaded_at: at\nfreshness: { error_after: 1d }\ntables: [{ name: orders }, { name: absent }]\n',
  'sources/seeds/countries.csv': 'code\nDE\nFR\n',
};

/** The project, with all that can be built there. */
async function built() {
  const project = projectFolder(files);
  const gccflow = (...args: string[]) => runCli(args, { cwd: project.dir });
  await gccflow('build', '--select', 'load', 'countries');
  await gccflow('run', '--select', 'seen');
  const read = (file: string) => JSON.parse(readFileSync(join(project.dir, 'target', file), 'utf8'));
  return { ...project, gccflow, read };
}

test('docs generate writes what stands in the warehouse, with types, rows and bytes, and names what does not', async () => {
  using project = await built();

  const { exitCode, stdout, stderr } = await project.gccflow('docs', 'generate');

  const { nodes, sources } = ConsumedCatalog.parse(project.read('catalog.json'));
  assert.deepEqual([exitCode, stdout], [0, '']);
  assert.deepEqual(Object.keys(nodes).toSorted(), ['model.shop.load', 'model.shop.seen', 'seed.shop.countries']);
  assert.deepEqual(Object.keys(sources), ['source.shop.raw.orders']);
  assert.match(stderr, /not in the warehouse: .*model\.later/);
  assert.match(stderr, /not in the warehouse: .*source\.raw\.absent/);
  assert.doesNotMatch(stderr, /inline/);
  const orders = sources['source.shop.raw.orders'];
  assert.deepEqual(orders?.metadata, { type: 'table', schema: 'raw', name: 'orders', database: '', comment: 'Orders.' });
  assert.deepEqual(orders?.columns, {
    id: { name: 'id', type: 'UInt64', index: 1, comment: 'The key.' },
    at: { name: 'at', type: "DateTime('UTC')", index: 2, comment: null },
  });
  const stats = project.read('catalog.json').sources['source.shop.raw.orders'].stats;
  assert.deepEqual([stats.num_rows.value, stats.num_bytes.value > 0, stats.has_stats.value], [5, true, true]);
  assert.deepEqual(
    Object.values(nodes['model.shop.load']?.columns ?? {}).map(({ name, type, index }) => [name, type, index]),
    [
      ['done', 'UInt8', 1],
      ['odd name', 'String', 2],
    ],
  );
  assert.equal(nodes['model.shop.load']?.metadata.comment, null);
  assert.equal(nodes['model.shop.seen']?.metadata.type, 'view');
  assert.equal('num_rows' in (nodes['model.shop.seen']?.stats ?? {}), false);
});

test('docs generate compiles every model into the manifest and below compiled/', async () => {
  using project = await built();

  await project.gccflow('docs', 'generate', '--select', 'load');

  const { nodes } = ConsumedManifest.parse(project.read('manifest.json'));
  assert.match(nodes['model.shop.later']?.compiled_code ?? '', /select one from/);
  assert.equal(existsSync(join(project.dir, 'target/compiled/shop/models/later.sql')), true);
  assert.deepEqual(Object.keys(project.read('catalog.json').nodes), ['model.shop.load']);
});

const kept = (['manifest.json', 'catalog.json', 'run_results.json', 'sources.json'] as const).map((name) => ({
  name,
  ...artifactSchema(name),
}));

test("what the commands leave in target/ keeps to dbt's schemas", { skip: kept[0]?.skip ?? false }, async () => {
  using project = await built();
  await project.gccflow('docs', 'generate');
  await project.gccflow('freshness');

  assert.deepEqual(
    kept.map(({ name, mistakes }) => [name, mistakes(project.read(name))]),
    kept.map(({ name }) => [name, []]),
  );
});

test('what freshness leaves is what tools read', async () => {
  using project = await built();
  await project.gccflow('freshness');

  const { results } = ConsumedSources.parse(project.read('sources.json'));

  assert.deepEqual(
    results.map(({ unique_id, status }) => [unique_id, status]),
    [
      ['source.shop.raw.orders', 'pass'],
      ['source.shop.raw.absent', 'runtime error'],
    ],
  );
});

test('compile leaves a manifest that a later comparison can be held against, without a warehouse', async () => {
  using project = projectFolder(files);

  const { exitCode } = await runCli(['compile', '--select', 'later', '-q'], { cwd: project.dir });

  const { nodes } = ConsumedManifest.parse(JSON.parse(readFileSync(join(project.dir, 'target', 'manifest.json'), 'utf8')));
  assert.deepEqual([exitCode, nodes['model.shop.later']?.compiled, nodes['model.shop.seen']?.compiled], [0, true, false]);
  assert.equal(existsSync(join(project.dir, '.gccflow', 'warehouse')), false);
});
