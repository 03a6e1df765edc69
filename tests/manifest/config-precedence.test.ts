import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Files, projectDir } from '../support/project-dir.ts';

const projectYaml = (models: string): string => `name: shop\ntargets: { dev: {} }\nmodels:\n${models}`;
const properties = (config: string): string => `kind: models\nmodels:\n  - name: a\n    config: ${config}\n`;

async function configOf(files: Files) {
  using project = projectDir({ 'models/staging/deep/a.sql': 'select 1', ...files });
  const { manifest } = await project.load();
  const node = manifest.nodes.get('model.a');
  assert.ok(node?.kind === 'model');
  return node;
}

/** Every place in turn states `retain`; the nearest one wins. */
const places: readonly { readonly name: string; readonly files: Files; readonly retain: number }[] = [
  { name: 'the default', files: {}, retain: 1 },
  { name: 'the project', files: { 'project.yaml': projectYaml('  retain: 2\n') }, retain: 2 },
  { name: 'a folder', files: { 'project.yaml': projectYaml('  retain: 2\n  staging: { retain: 3 }\n') }, retain: 3 },
  { name: 'a folder within', files: { 'project.yaml': projectYaml('  staging: { retain: 3, deep: { +retain: 4 } }\n') }, retain: 4 },
  {
    name: 'a model by its name',
    files: { 'project.yaml': projectYaml('  staging: { deep: { retain: 4, a: { retain: 5 } } }\n') },
    retain: 5,
  },
  {
    name: 'a properties file',
    files: { 'project.yaml': projectYaml('  staging: { retain: 3 }\n'), 'models/m.yaml': properties('{ retain: 6 }') },
    retain: 6,
  },
  {
    name: 'the SQL',
    files: { 'models/m.yaml': properties('{ retain: 6 }'), 'models/staging/deep/a.sql': '{{config retain=7}}select 1' },
    retain: 7,
  },
];

for (const { name, files, retain } of places) {
  test(`${name} is the nearest place that states a key, and wins`, async () => {
    const { config } = await configOf(files);

    assert.equal(config.retain, retain);
  });
}

test('tags and hooks of all places add up, and meta merges', async () => {
  const { config, tags, meta } = await configOf({
    'project.yaml': projectYaml('  tags: [all]\n  meta: { owner: data, level: 1 }\n  post_hook: select 1\n  staging: { +tags: staging }\n'),
    'models/m.yaml': properties('{ tags: [core, all], meta: { level: 2 } }'),
    'models/staging/deep/a.sql': '{{config tags="hot, cold" post_hook=(list "select 2") meta=(map pii=true)}}select 1',
  });

  assert.deepEqual(tags, ['all', 'staging', 'core', 'hot', 'cold']);
  assert.deepEqual(meta, { owner: 'data', level: 2, pii: true });
  assert.deepEqual(config.post_hook, ['select 1', 'select 2']);
});

test('a + tells a config key from a folder of the same name', async () => {
  const { config } = await configOf({
    'project.yaml': projectYaml('  +meta: { owner: data }\n  staging: { +enabled: true, deep: { +alias: b } }\n'),
  });

  assert.deepEqual(config.meta, { owner: 'data' });
  assert.equal(config.alias, 'b');
});

test('lists and maps of literals are config values', async () => {
  const { config } = await configOf({
    'models/staging/deep/a.sql': `{{config order_by="(a, b)" unique_key=(list "a" "b") indexes=(list (map name="i" expression="a" type="minmax")) timeout="5m"}}
      select 1`,
  });

  assert.equal(config.order_by, '(a, b)');
  assert.deepEqual(config.unique_key, ['a', 'b']);
  assert.deepEqual(config.indexes, [{ name: 'i', expression: 'a', type: 'minmax', granularity: 1 }]);
  assert.equal(config.timeout, 300_000);
});

test('alias and database give the relation', async () => {
  const { relation } = await configOf({ 'models/staging/deep/a.sql': '{{config alias="my table" database="marts"}}select 1' });

  assert.deepEqual(relation, { database: 'marts', name: 'my table' });
});

test('a disabled model is no node, and is listed apart', async () => {
  using project = projectDir({ 'models/a.sql': '{{config enabled=false}}select 1', 'models/b.sql': 'select 1' });

  const { manifest } = await project.load();

  assert.deepEqual([...manifest.nodes.keys()], ['model.b']);
  assert.deepEqual(
    manifest.disabled.map(({ id }) => id),
    ['model.a'],
  );
});
