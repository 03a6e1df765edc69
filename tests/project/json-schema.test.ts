import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { Diagnostics } from '../../framework/foundation/diagnostics.ts';
import { jsonSchemas, schemasDir } from '../../framework/project/json-schema.ts';
import { parseYaml } from '../../framework/project/parse-yaml.ts';

const root = join(import.meta.dirname, '../..');

function isValid(kind: string, yaml: string): boolean {
  const validate = new Ajv({ strict: false }).compile(JSON.parse(jsonSchemas().get(`${kind}.json`) ?? 'false'));
  return validate(parseYaml(yaml, 'x.yaml', new Diagnostics())?.value);
}

test('the schemas in the repository are those of the code', () => {
  const onDisk = readdirSync(join(root, schemasDir)).map((file) => [file, readFileSync(join(root, schemasDir, file), 'utf8')] as const);

  assert.deepEqual(new Map(onDisk.toSorted()), new Map([...jsonSchemas()].toSorted()));
});

test('the schemas take what the project takes, with durations and short forms as they are written', () => {
  assert.ok(isValid('project', 'name: shop\ntargets: { dev: {} }\nmodels: { staging: { materialized: view, +tags: a } }\n'));
  assert.ok(
    isValid(
      'source',
      'kind: source\nname: raw\nfreshness: { warn_after: 12h }\ntables: [{ name: e, columns: [{ name: id, tests: [unique] }] }]\n',
    ),
  );
  assert.ok(
    isValid(
      'models',
      'kind: models\nmodels: [{ name: a, config: { timeout: 5m, tags: "a, b", order_by: [a, b] }, tests: [{ row_count: { min: 1 } }] }]\n',
    ),
  );
  assert.ok(isValid('seeds', 'kind: seeds\nseeds: [{ name: a, config: { column_types: { id: UInt8 } } }]\n'));
  assert.ok(isValid('sync', 'kind: sync\nname: s\nfrom: a\nto: b\nlock_timeout: 1s\ncolumns: [id, { name: x, type: text }]\n'));
  assert.ok(isValid('selectors', 'selectors: [{ name: core, definition: { union: [tag:core, { method: path, value: models }] } }]\n'));
});

test('the schema of project.yaml knows config keys in trees of folders, with and without +, at any depth', () => {
  const project = (models: string): string => `name: shop\ntargets: { dev: {} }\nmodels: ${models}\n`;

  assert.ok(isValid('project', project('{ staging: { deep: { +materialized: table, tags: [a], retain: 2 } } }')));
  assert.ok(!isValid('project', project('{ staging: { deep: { retain: many } } }')));
  assert.ok(!isValid('project', project('{ +retain: many }')));
  assert.ok(!isValid('project', project('{ staging: view }')));
  assert.ok(isValid('project', 'name: shop\ntargets: { dev: {} }\ntests: { +severity: warn, marts: { limit: 5 } }\n'));
});

test('the schemas refuse unknown keys and wrong types', () => {
  assert.ok(!isValid('project', 'name: shop\ntargets: { dev: { warehose: {} } }\n'));
  assert.ok(!isValid('models', 'kind: models\nmodels: [{ name: a, config: { retain: many } }]\n'));
  assert.ok(!isValid('source', 'kind: source\n'));
});
