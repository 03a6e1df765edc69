import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFiles, places } from '../support/checked-project.ts';

const source =
  'kind: source\nname: raw\ntables:\n  - name: event\n    columns: [{ name: ts, type: DateTime }, { name: day, type: Date }]\n';
const config = (eventTime: string, size: string) =>
  `{{config materialized="incremental" incremental_strategy="interval" begin="2024-01-01"\n  batch_size="${size}" event_time="${eventTime}" partition_by="${eventTime}" order_by="ts"}}`;
const filter = 'ts >= {{interval_start}} and ts < {{interval_end}}';

test('a model by intervals is checked as its first interval would be built', async () => {
  const { graph, findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/a.sql': `${config('ts', 'hour')}\nselect ts from {{source "raw" "event"}} where ${filter}`,
  });

  assert.deepEqual(findings, []);
  assert.deepEqual(graph?.relations.get('model.a')?.columns, [{ name: 'ts', type: 'DateTime' }]);
});

test('an event time that is no time, and a SELECT that takes no notice of its interval, are found', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/hours.sql': `${config('day', 'hour')}\nselect ts, day from {{source "raw" "event"}} where ${filter}`,
    'models/texts.sql': `${config('at', 'day')}\nselect ts, toString(ts) as at from {{source "raw" "event"}} where ${filter}`,
    'models/unfiltered.sql': `${config('ts', 'day')}\nselect ts from {{source "raw" "event"}}`,
  });

  assert.deepEqual(places(findings).toSorted(), [
    'CONFIG_CONFLICT models/unfiltered.sql:1:1',
    'EVENT_TIME_INVALID models/hours.sql:2:32',
    'EVENT_TIME_INVALID models/texts.sql:2:31',
  ]);
});
