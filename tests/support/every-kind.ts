/** Files of a project that has every kind of node, disabled ones, hooks, and things left unset beside all that can be set. */
export const everyKind: Readonly<Record<string, string>> = {
  'project.yaml': 'name: shop\ntargets: { dev: {} }\nvars: { days: 7 }\n',
  'macros/half.hbs': 'intDiv({{value}}, 2)',
  'macros/quarter.hbs': '{{> half value=value}}',
  'models/staging/orders.sql':
    '{{config materialized="incremental" order_by="id" unique_key="id" engine="ReplacingMergeTree" tags="core" incremental_strategy="append"}}select id, {{> quarter value="id"}} as part from {{source "raw" "orders"}}',
  'models/staging/places.sql': '{{config materialized="ephemeral"}}select * from {{ref "countries"}}',
  'models/marts/sales.sql':
    '{{config materialized="table" pre_hook="select 1" post_hook=(list "select 2" "select 3") alias="sold" database="marts" settings=(map index_granularity=1024) codecs=(map id="ZSTD") timeout="5m" meta=(map owner="ann")}}select id from {{ref "orders"}} where id > {{var "days"}}',
  'models/plain.sql': 'select 1 as one',
  'models/old.sql': '{{config enabled=false}}select 1',
  'models/shop.yaml': `kind: models
models:
  - name: sales
    description: "What was sold."
    config: { contract: enforced, grants: { select: [analyst] } }
    constraints: [{ type: check, expression: id > 0, name: positive }]
    columns:
      - name: id
        type: UInt64
        description: The key.
        tags: [key]
        meta: { pii: false }
        constraints: [{ type: not_null }, { type: check, expression: id > 1 }]
        tests:
          - not_null
          - unique: { severity: warn, where: id > 3, limit: 5, store_failures: true, warn_if: "> 1", tags: [strict] }
          - relationships: { to: orders, field: id }
    tests: [{ row_count: { min: 1 } }, { row_count: { max: 9, name: off, enabled: false } }]
  - name: plain
    columns: [{ name: one, tests: [positive] }, { name: undeclared }]
unit_tests:
  - name: keeps_large_ones
    model: sales
    description: Small ids are left out.
    given: [{ input: 'ref("orders")', rows: [{ id: 1 }, { id: 9 }] }]
    expect: { rows: [{ id: 9 }] }
    overrides: { vars: { days: 3 } }
    config: { tags: [quick] }
  - name: reads_csv
    model: sales
    given: [{ input: orders, format: csv, rows: "id\\n8\\n" }]
    expect: { format: sql, rows: "select 8 as id" }
  - { name: halves, macro: half, arguments: { value: 4 }, expect: { sql: 'intDiv(4, 2)' } }
  - { name: asleep, model: sales, given: [], expect: { rows: [] }, config: { enabled: false } }
exposures:
  - { name: board, type: dashboard, owner: { name: Ann, email: ann@example.org }, url: 'https://example.org', depends_on: [sales], description: Sales., tags: [weekly], meta: { a: 1 } }
  - { name: bare }
  - { name: named, type: ml, owner: bob, depends_on: [raw.orders] }
`,
  'sources/raw.yaml': `kind: source
name: raw
description: The shop's own tables.
tags: [core]
tables:
  - name: orders
    description: Orders.
    loaded_at: at
    freshness: { warn_after: 90m, error_after: 2d, filter: "at > today() - 9" }
    columns: [{ name: id, type: UInt64, description: The key., tests: [not_null] }, { name: at, type: DateTime }]
    meta: { team: web }
  - { name: queried, loaded_at_query: select now(), freshness: { error_after: 30s } }
  - { name: plain, identifier: plain_2 }
`,
  'sources/seeds/countries.csv': 'code,name\nDE,Germany\n',
  'sources/seeds/off.csv': 'a\n1\n',
  'sources/seeds/seeds.yaml': `kind: seeds
seeds:
  - { name: countries, description: Countries., config: { column_types: { code: FixedString(2) }, delimiter: ',' }, columns: [{ name: code, tests: [unique] }] }
  - { name: off, config: { enabled: false } }
`,
  'tests/data/no_order_of_nobody.sql': '{{config severity="warn" meta=(map a=1)}}select * from {{ref "orders"}} where id = 0',
  'tests/generic/positive.sql': 'select * from {{model}} where {{identifier column_name}} <= 0',
  'sinks/publish.yaml': 'kind: sync\nname: publish\nfrom: sales\nto: sales\n',
  'sinks/fill.yaml':
    'kind: sink\nname: fill\nqueue: { name: fill_q, exchange: shop.dx, routing_keys: [order] }\nto: { clickhouse: raw.orders }\ncolumns: { id: UInt64, at: DateTime }\n',
  'sources/shop_api.yaml': 'kind: api\nname: shop_api\nbase_url: https://example.org\n',
  'flows/nightly.yaml': "kind: schedule\nname: nightly\ncron: '0 3 * * *'\ncommand: build\n",
  'flows/fetch.yaml': "kind: flow\nname: fetch\nparams: { id: string }\nretrieve: { api: shop_api, path: '/orders/{id}' }\n",
  'sources/intake.yaml':
    'kind: ingest\nname: intake\nhttp: { routes: [{ path: /order, publish: [{ exchange: shop.dx, exchange_type: direct, routing_key: order }] }] }\n',
};
