/** A valid project of edges: flows, sinks into ClickHouse, PostgreSQL and an API, syncs, tests, exposures, hooks. `@` stands for the prefix of its databases. */
export const market: Readonly<Record<string, string>> = {
  'project.yaml': `name: market
targets:
  dev: { warehouse: { type: embedded, database: '@dbt' } }
vars: { since: '2024-01-01' }
seeds: { database: '@seeds' }
`,
  'sources/apis/shop.yaml': `kind: api
name: shop
base_url: https://shop.example
`,
  'sources/stream.yaml': `kind: source
name: stream
database: '@e'
freshness: { warn_after: 6h, error_after: 1d }
tables:
  - name: orders
    loaded_at: received_at
    columns:
      - { name: event_id }
      - { name: order_id, type: UInt64 }
      - { name: amount, type: 'Decimal(18, 2)', tests: [not_null] }
      - { name: state, type: LowCardinality(String) }
      - { name: placed_at, type: DateTime }
      - { name: received_at, type: DateTime }
  - name: clicks
    loaded_at_query: select max(at) from @e.clicks
    columns:
      - { name: click_id, type: String }
      - { name: customer_id, type: Nullable(UInt64) }
      - { name: url, type: String }
      - { name: at, type: DateTime64(3) }
  - name: reviews
    freshness: null
`,
  'sources/erp.yaml': `kind: source
name: erp
database: '@erp'
loaded_at: updated_at
freshness: { warn_after: 1d, filter: updated_at > now() - interval 3 day }
tables:
  - name: customers
    columns:
      - { name: customer_id, type: UInt64, tests: [unique, not_null] }
      - { name: name, type: String }
      - { name: country, type: LowCardinality(String) }
      - { name: joined, type: Date }
      - { name: points, type: Nullable(Int32) }
      - { name: labels, type: Array(String) }
      - { name: updated_at, type: DateTime }
`,
  'sources/seeds/countries.csv': 'code,label\nin,India\nde,Germany\n',
  'sources/seeds/countries.yaml': `kind: seeds
seeds:
  - name: countries
    description: Countries.
    config: { column_types: { code: String, label: String } }
    columns:
      - name: code
        tests: [unique]
      - { name: label }
`,
  'flows/orders.yaml': `kind: flow
name: fetch_order
params: { order_id: string, depth: integer? }
retrieve: { api: [shop], path: '/orders/{order_id}' }
parse:
  each: data
  fields: { order_id: id, customer: buyer, amount: total, placed: placed_at, lines: items, note: note }
  page: { next: paging.next }
output:
  order_id: integer
  customer: string
  amount: number
  placed: timestamp
  lines: list
  note: string?
process:
  - upsert:
      table: shop_order
      key: order_id
      create: true
  - emit:
      exchange: shop.dx
      routing_key: order
      body:
        order_id: record.order_id
        state: '"new"'
        total: record.amount
        placed_at: record.placed
        lines: record.lines
        depth: params.depth
  - emit: { exchange: shop.dx, routing_key: audit }
`,
  'flows/reviews.yaml': `kind: flow
name: fetch_reviews
params: { shop: string }
retrieve: { api: [shop], path: '/shops/{shop}/reviews' }
output: { review_id: string, stars: integer, at: timestamp, text: string?, author: object }
process:
  - emit: { exchange: shop.dx, routing_key: review }
`,
  'flows/pages.yaml': `kind: flow
name: fetch_pages
params: { page: integer, shop: string }
retrieve: { api: [shop], path: '/shops/{shop}/pages/{page}' }
output: { url: string }
process:
  - when: $length(record.url) > 0
    enqueue:
      flow: fetch_reviews
      params:
        shop: params.shop
`,
  'sources/hooks.yaml': `kind: ingest
name: hooks
http:
  port: 8019
  routes:
    - path: /alert
      publish:
        - exchange: shop.dx
          routing_key: alert
`,
  'sinks/orders.yaml': `kind: sink
name: orders
queue: { name: orders_q, exchange: shop.dx, routing_keys: [order] }
buffer: { max_rows: 100, max_wait: 1s }
to:
  clickhouse: '@e.orders'
  create: true
  engine: ReplacingMergeTree(received_at)
  order_by: [order_id, event_id]
  partition_by: toYYYYMM(placed_at)
  ttl: placed_at + interval 2 year
columns:
  event_id: String
  order_id: UInt64
  amount: { type: 'Decimal(18, 2)', from: total }
  state: { type: LowCardinality(String), default: unknown }
  placed_at: DateTime
  received_at: { type: DateTime, value: now }
  lines: { type: String, as: json, default: '[]' }
  source: String
deduplicate_by: event_id
`,
  'sinks/reviews.yaml': `kind: sink
name: reviews
queue: { name: reviews_q, exchange: shop.dx, routing_keys: [review] }
to:
  clickhouse: '@e.reviews'
  create: true
  order_by: [review_id]
columns:
  review_id: String
  stars: UInt8
  at: DateTime64(3)
  text: Nullable(String)
  author: { type: String, from: author.name, default: '' }
  author_age: { type: Nullable(UInt8), from: author.age }
unknown_fields: { keep: rest }
`,
  'sinks/audit.yaml': `kind: sink
name: audit
queue: { name: audit_q, exchange: shop.dx, routing_keys: [audit] }
to:
  postgres: public.audit
  create: true
  key: [order_id]
columns:
  order_id: bigint not null
  customer: { type: varchar(80) }
  amount: numeric(12, 2)
  placed: timestamptz
  lines: jsonb
  seen: { type: boolean, default: false }
  at: { type: timestamptz, delivery: received_at }
  note: text
`,
  'sinks/alerts.yaml': `kind: sink
name: alerts
queue: { name: alerts_q, exchange: shop.dx, routing_keys: [alert] }
to:
  http:
    url: 'https://alerts.example/{{kind}}'
    body: { text: '{{text}}' }
columns:
  kind: String
  text: String
`,
  'models/customers.sql': `{{config materialized="table" order_by="customer_id"}}
select
    customer_id,
    name,
    country,
    joined,
    points,
    labels,
    updated_at
from {{source "erp" "customers"}}
`,
  'models/orders_by_day.sql': `{{config
  materialized="table"
  order_by="day"
  post_hook="optimize table {{this}} final"
}}
select
    toDate(placed_at) as day,
    state,
    count() as orders,
    sum(amount) as revenue,
    max(received_at) as last_at
from {{source "stream" "orders"}}
where placed_at >= '{{var "since"}}'
group by day, state
`,
  'models/review_stars.sql': `select review_id, stars, at, author, author_age, rest
from {{source "stream" "reviews"}}
`,
  'models/country_names.sql': `{{config materialized="dictionary" primary_key="code" layout="complex_key_hashed()" lifetime="10m"}}
select code, label from {{ref "countries"}}
`,
  'models/models.yaml': `kind: models
models:
  - name: customers
    description: Those who buy.
    config: { contract: enforced }
    columns:
      - name: customer_id
        type: UInt64
        tests:
          - unique
          - not_null
      - { name: name, type: String }
      - name: country
        type: LowCardinality(String)
        tests:
          - relationships: { to: countries, field: code }
      - { name: joined, type: Date }
      - name: points
        type: Nullable(Int32)
        tests:
          - between:
              low: 0
              high: 1000
      - { name: labels, type: Array(String) }
      - name: updated_at
        type: DateTime
        tests:
          - freshness_of: { max_age: 2d }
    constraints:
      - type: check
        expression: points > 0 or points is null
  - name: orders_by_day
    columns:
      - name: day
      - name: state
        tests:
          - accepted_values:
              values: [new, paid, void]
              where: orders > 1
      - name: orders
        tests:
          - accepted_values: { values: [1, 2, 3], severity: warn }
      - name: revenue
        tests:
          - expression: { expression: revenue >= 0 }
    tests:
      - unique: { columns: [day, state] }
      - row_count: { min: 1 }
      - expression:
          expression: orders > 0
          where: day > today() - 30
          warn_if: '> 5'
          error_if: '> 50'
          fail_calc: sum(orders)
  - name: review_stars
    columns:
      - { name: stars }
exposures:
  - name: board
    type: dashboard
    owner: { name: Ann, email: ann@example.com }
    depends_on: ['{{ref "customers"}}', orders_by_day]
`,
  'tests/generic/between.sql': `select {{identifier column_name}} from {{model}}
where {{identifier column_name}} < {{low}} or {{identifier column_name}} > {{high}}
`,
  'tests/data/no_refunds.sql': `{{config severity="warn" error_if="> 10"}}
select day, revenue
from {{ref "orders_by_day"}}
where revenue < 0
`,
  'sinks/customers.yaml': `kind: sync
name: customers
from: customers
to: { schema: shop, table: customer }
columns:
  - { name: customer_id, type: bigint }
  - name
  - { name: nation, from: country, type: varchar(8) }
  - { name: joined, type: date, not_null: true }
  - { name: points, type: integer, default: '0' }
  - labels
  - { name: synced_at, type: timestamptz, fill: now() }
  - { name: region, type: text, fill: "'world'" }
primary_key: [customer_id]
indexes:
  - { columns: [nation], where: points > 0 }
  - { expressions: [lower(name)] }
  - { columns: [joined], include: [name], unique: false }
  - { columns: [labels], method: gin }
constraints:
  - { name: customer_points, definition: check (points >= 0) }
grants: { select: [analyst] }
min_rows: 1
checks:
  - name: names
    sql: select name from {{table}} where name = ''
`,
  'sinks/days.yaml': `kind: sync
name: days
from: orders_by_day
to: day
columns:
  - day
  - state
  - { name: orders, type: integer }
  - { name: revenue, type: 'numeric(18, 2)' }
  - last_at
mode: upsert
key: [day, state]
watermark: last_at
lookback: 1h
`,
  'sinks/stars.yaml': `kind: sync
name: stars
from: review_stars
to: stars
primary_key: [review_id]
`,
};
