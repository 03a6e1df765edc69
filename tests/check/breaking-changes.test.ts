import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breakingChanges } from '../../framework/check/breaking-changes.ts';
import type { CheckArtifact } from '../../framework/check/check-artifact.ts';
import type { CheckedRelation } from '../../framework/check/checked-graph.ts';
import { readersAmong } from '../../framework/check/column-readers.ts';
import type { NodeId } from '../../framework/manifest/manifest.ts';
import { projectFolder } from '../support/cli.ts';
import { loadProjectIn } from './load-project-in.ts';

const files = {
  'project.yaml': 'name: shop\ntargets: { dev: {} }\n',
  'models/a.sql': 'select 1 as id, 2 as price, 3 as unread',
  'models/b.sql': 'select id, price from {{ref "a"}}',
  'models/m.yaml': 'kind: models\nexposures:\n  - { name: board, depends_on: [b] }\n',
  'sinks/all.yaml': 'kind: sync\nname: all\nfrom: a\nto: all\n',
  'sinks/some.yaml': 'kind: sync\nname: some\nfrom: b\nto: some\ncolumns: [{ name: number, from: id }]\n',
};

const earlier: CheckArtifact = {
  version: 1,
  project: 'shop',
  checked_at: '2026-01-01T00:00:00Z',
  relations: {
    'model.a': { relation: '`dbt`.`a`', columns: columns({ id: 'UInt8', price: 'UInt8', unread: 'UInt8' }) },
    'model.b': { relation: '`dbt`.`b`', columns: columns({ id: 'UInt8', price: 'UInt8' }) },
  },
};

test('nothing is told where the columns are as they were, or more', async () => {
  assert.deepEqual(
    await told({ a: { id: 'UInt8', price: 'UInt8', unread: 'UInt8', more: 'String' }, b: { id: 'UInt8', price: 'UInt8' } }),
    [],
  );
});

test('a column that is gone names what still reads it', async () => {
  const a = { id: 'UInt8', unread: 'UInt8' };
  const b = { id: 'UInt8', price: 'UInt8' };

  assert.deepEqual(await told({ a, b }), ["The column 'price' of the model 'a' is gone; it is read by model 'b', sync 'all'."]);
  assert.deepEqual(await told({ a, b }, { 'model.b': {} }), ["The column 'price' of the model 'a' is gone; it is read by sync 'all'."]);
  assert.deepEqual(await told({ a, b }, { 'model.b': { 'model.a': ['id'] } }), [
    "The column 'price' of the model 'a' is gone; it is read by sync 'all'.",
  ]);
});

test('a column of another type, and one that was renamed', async () => {
  const a = { id: 'UInt64', cost: 'UInt8', unread: 'UInt8' };

  assert.deepEqual(await told({ a, b: { id: 'UInt8', price: 'UInt8' } }), [
    "The column 'id' of the model 'a' was UInt8 and is UInt64; it is read by model 'b', sync 'all'.",
    "The column 'price' of the model 'a' is gone, and 'cost' is new; it is read by model 'b', sync 'all'.",
  ]);
});

test('a sync reads the columns it names, an exposure all', async () => {
  const a = { id: 'UInt8', price: 'UInt8', unread: 'UInt8' };

  assert.deepEqual(await told({ a, b: {} }), [
    "The column 'id' of the model 'b' is gone; it is read by sync 'some', exposure 'board'.",
    "The column 'price' of the model 'b' is gone; it is read by exposure 'board'.",
  ]);
});

test('a model that is gone, or whose columns are not known now, tells nothing here', async () => {
  assert.deepEqual(await told({ b: { id: 'UInt8', price: 'UInt8' } }), []);
});

type Reads = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

const ownReads: Reads = { 'model.b': { 'model.a': ['id', 'price'] } };

async function told(now: Readonly<Record<string, Readonly<Record<string, string>>>>, reads: Reads = ownReads): Promise<readonly string[]> {
  using folder = projectFolder(files);
  const { manifest } = await loadProjectIn(folder.dir);
  const relations = Object.entries(now).map(([name, types]): [NodeId, CheckedRelation] => [
    `model.${name}`,
    { columns: columns(types), from: 'checked' },
  ]);
  const found = breakingChanges(earlier, {
    manifest,
    graph: { relations: new Map(relations), notChecked: new Map(), findings: [] },
    readersOf: readersAmong(
      manifest,
      (id) => new Map(Object.entries(reads[id] ?? {}).map(([parent, names]) => [parent as NodeId, new Set(names)])),
    ),
  });
  assert.ok(found.every(({ severity, error }) => severity === 'error' && error.code === 'COLUMN_BREAKS'));
  return found.map(({ error }) => error.message);
}

function columns(types: Readonly<Record<string, string>>) {
  return Object.entries(types).map(([name, type]) => ({ name, type }));
}
