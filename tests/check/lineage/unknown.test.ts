import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckEngine } from '../../../framework/check/check-engine.ts';
import { readProjectLineage } from '../../../framework/check/lineage/project-lineage.ts';
import { projectDir } from '../../support/project-dir.ts';

const source = `kind: source
name: raw
tables:
  - name: event
    columns: [{ name: id, type: UInt64 }, { name: tags, type: 'Array(String)' }]
`;

test('lineage that is not known says why, and the other models have theirs', async () => {
  using dir = projectDir({
    'sources/raw.yaml': source,
    'models/good.sql': 'select id from {{source "raw" "event"}}',
    'models/nested.sql': 'select id from view(select id from {{source "raw" "event"}})',
    'models/empty.sql': 'select id, (select tags from {{source "raw" "event"}} limit 1) as tags from {{source "raw" "event"}}',
    'models/broken.sql': 'select nothing from {{source "raw" "event"}}',
    'models/below.sql': 'select id from {{ref "nested"}}',
  });
  await using engine = await openCheckEngine();

  const columns = await readProjectLineage({ ...(await dir.load()), engine });

  assert.match(columns.unknown.get('model.nested') ?? '', /^its query tree holds a table function 'view'$/);
  assert.match(columns.unknown.get('model.empty') ?? '', /^ClickHouse does not explain it: Scalar subquery returned empty result/);
  assert.match(columns.unknown.get('model.broken') ?? '', /^its SQL could not be checked$/);
  assert.deepEqual([...columns.unknown.keys()].sort(), ['model.broken', 'model.empty', 'model.nested']);
  assert.deepEqual(columns.parentsOf({ relation: 'model.good', column: 'id' }), [{ relation: 'source.raw.event', column: 'id' }]);
  assert.deepEqual(columns.parentsOf({ relation: 'model.below', column: 'id' }), [{ relation: 'model.nested', column: 'id' }]);
});
