import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFiles, places } from '../support/checked-project.ts';

const source = `kind: source
name: raw
tables:
  - name: event
    columns: [{ name: id, type: UInt64 }, { name: kind, type: String }, { name: at, type: DateTime }]
`;

test('histories, dictionaries and materialized views are read as what they publish', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/history.sql':
      '{{config materialized="snapshot" unique_key="id" updated_at="at" hard_deletes="new_record"}}\nselect id, kind, at from {{source "raw" "event"}}',
    'models/history.yaml': `kind: models
models:
  - name: history
    config: { contract: enforced }
    columns: [{ name: id, type: UInt64 }, { name: kind, type: String }, { name: at, type: DateTime }]
`,
    'models/kinds.sql':
      '{{config materialized="dictionary" primary_key="id"}}\nselect id, kind::LowCardinality(String) as kind from {{source "raw" "event"}}',
    'models/counts.sql':
      '{{config materialized="materialized_view" engine="SummingMergeTree" order_by="kind" watermark="at"}}\nselect kind, count() as events from {{source "raw" "event"}} group by kind',
    'models/report.sql': `{{config materialized="table"}}
select id, dictGet({{ref "kinds"}}, 'kind', id) as kind, dbt_valid_from, dbt_is_deleted, events
from {{ref "history"}} as history
join {{ref "counts"}} as counts on counts.kind = history.kind
where dbt_valid_to is null`,
  });

  assert.deepEqual(
    findings.map(({ error }) => error.message),
    [],
  );
});

test('columns that their configs name and nothing returns are found without a warehouse, where the config names them', async () => {
  const { findings } = await checkFiles({
    'sources/raw.yaml': source,
    'models/history.sql':
      '{{config materialized="snapshot" unique_key="id" updated_at="kind"}}\nselect id, kind, at from {{source "raw" "event"}}',
    'models/compared.sql':
      '{{config materialized="snapshot" unique_key="id" check_cols=(list "knd")}}\nselect id, kind, at as dbt_valid_to from {{source "raw" "event"}}',
    'models/kinds.sql': '{{config materialized="dictionary" primary_key="ide"}}\nselect id, kind from {{source "raw" "event"}}',
    'models/counts.sql':
      '{{config materialized="materialized_view" watermark="kind"}}\nselect kind, count() as events from {{source "raw" "event"}} group by kind',
  });

  const found = places(findings).map((place) => place.replace(/:\d+$/, ''));
  assert.deepEqual(
    new Set(found.map((place) => place.split(' ')[1])),
    new Set(['models/compared.sql:1', 'models/compared.sql:2', 'models/counts.sql:1', 'models/history.sql:1', 'models/kinds.sql:1']),
  );
  const messages = findings.map(({ error }) => error.message).join('\n');
  assert.match(messages, /'updated_at' names 'kind', a String/);
  assert.match(messages, /'check_cols' names 'knd'/);
  assert.match(messages, /returns 'dbt_valid_to'/);
  assert.match(messages, /'primary_key' names 'ide'/);
  assert.match(messages, /'kind' is String where a DateTime/);
});
