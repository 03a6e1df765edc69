import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckEngine } from '../../framework/check/check-engine.ts';
import { projectFolder } from '../support/cli.ts';
import { checkFiles } from './mutations/check-files.ts';

const project = {
  'project.yaml': 'name: store\ntargets: { dev: { warehouse: { type: embedded } } }\n',
  'models/orders.sql': "select 1 as id, 'x' as state, 2.5 as total\n",
  'sinks/orders.yaml': `kind: sync
name: orders
from: orders
to: orders
columns:
  - { name: id, type: 'numeric(20, 0)' }
  - { name: state, type: state }
  - { name: total, type: double precision }
primary_key: [id]
`,
} as const;

test('a slip in the name of a PostgreSQL type and a column published twice are told at their line', async () => {
  await using engine = await openCheckEngine();
  using folder = projectFolder({});
  const sync = project['sinks/orders.yaml'].replace('double precision', 'double precison').replace('primary_key', '  - id\nprimary_key');

  const told = await checkFiles({ ...project, 'sinks/orders.yaml': sync }, folder.dir, engine);

  assert.deepEqual(told, [
    "sinks/orders.yaml:8 SYNC_TYPE_UNSUPPORTED Sync 'orders' gives 'total' the type 'double precison', which PostgreSQL does not have.",
    "sinks/orders.yaml:9 SYNC_COLUMN_MISSING Sync 'orders' publishes two columns named 'id'.",
  ]);
});

test('a PostgreSQL type of the user is taken as it is', async () => {
  await using engine = await openCheckEngine();
  using folder = projectFolder({});

  assert.deepEqual(await checkFiles(project, folder.dir, engine), []);
});
