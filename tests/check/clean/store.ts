/** A shop: ephemeral and incremental models, a snapshot, a fed view, a dictionary, macros, helpers, contracts, sinks, syncs, unit tests, rules. */
export const store: Readonly<Record<string, string>> = {
  'macros/days_back.hbs': `{{!-- days --}}{{col}} >= today() - {{var "lookback_days"}}`,
  'macros/helpers.ts': `export function pivot(column: string, values: string[]): string {
  return values.map((v) => \`sumIf(total, \${column} = '\${v}') as total_\${v.toLowerCase()}\`).join(',\\n    ');
}
export function surrogate(...args: unknown[]): string { const cols = args.slice(0, -1) as string[]; return \`lower(hex(MD5(concat(\${cols.map((c) => \`toString(\${c})\`).join(", '|', ")}))))\`; }
`,
  'macros/to_eur.hbs': `({{amount}} * {{rate}})`,
  'models/marts/mart_dict.sql': `{{config materialized="dictionary" primary_key="customer_id" layout="hashed()" lifetime="5m"}}
select customer_id, coalesce(mail, '') as mail from {{ref "stg_customers"}}`,
  'models/marts/mart_dict_use.sql': `-- depends on {{ref "mart_dict"}}
select id, dictGet('dbt.mart_dict', 'mail', customer_id) as mail from {{ref "mart_orders"}}`,
  'models/marts/mart_feed.sql': `{{config materialized="materialized_view" engine="SummingMergeTree" order_by="(url, day)" watermark="received"}}
select url, toDate(at) as day, count() as clicks from {{source "stream" "clicks"}} group by url, day`,
  'models/marts/mart_final.sql': `select c.user_id as user_id, uniq(c.event_id) as n, max(f.clicks) as top from {{ref "stg_clicks" final=true}} as c left join {{ref "mart_feed"}} as f on f.url = c.url group by c.user_id`,
  'models/marts/mart_hist.sql': `{{config materialized="snapshot" unique_key="customer_id" strategy="check" check_cols=(list "mail" "born")}}
select customer_id, mail, born from {{ref "stg_customers"}}`,
  'models/marts/mart_orders.sql': `{{config order_by="(day, id)" partition_by="toYYYYMM(day)" unique_key="id" materialized="incremental" incremental_strategy="delete_insert"}}
with rates as (select currency, rate from {{ref "fx"}})
select
    o.id as id,
    {{surrogate "o.id" "o.customer_id"}} as order_key,
    o.customer_id as customer_id,
    o.day as day,
    {{> to_eur amount="o.total" rate="r.rate"}} as total,
    o.total as total_raw,
    c.mail as mail,
    {{#each (var "currencies")}}
    if(o.currency = '{{this}}', o.total, 0) as in_{{this}},
    {{/each}}
    length(o.lines) as n_lines
from {{ref "stg_orders"}} as o
left join {{ref "stg_customers"}} as c using (customer_id)
left join rates as r on r.currency = o.currency
{{#if (is_incremental)}}
where {{> days_back col="o.day"}}
{{/if}}
`,
  'models/marts/mart_partly.sql': `select id, x from {{source "erp" "legacy_view"}} cross join (select 'x' as x) as q`,
  'models/marts/mart_pivot.sql': `select day, {{pivot "currency" (var "currencies")}} from {{ref "stg_orders"}} group by day`,
  'models/marts/mart_products.sql': `{{config order_by="sku"}}
select sku, sum(qty) as sold, sum(qty * price) as revenue, max(day) as last_day
from {{ref "stg_lines"}} group by sku`,
  'models/marts/mart_visits.sql': `select id, agent from {{source "stream" "visits"}}`,
  'models/marts/marts.yaml': `kind: models
models:
  - name: mart_orders
    description: Orders.
    config: { contract: enforced, pre_hook: "select 1", post_hook: ["optimize table {{this}} final"] }
    columns:
      - { name: id, type: UInt64, tests: [unique, not_null, positive] }
      - { name: order_key, type: String }
      - { name: customer_id, type: UInt32, tests: [{ relationships: { to: stg_customers, field: customer_id, where: 'customer_id > 0', severity: warn } }] }
      - { name: day, type: Date, constraints: [{ type: not_null }] }
      - { name: total, type: Float64, tests: [{ within: { min: 0, max: 100000 } }] }
      - { name: total_raw, type: Float64 }
      - { name: mail, type: Nullable(String) }
      - { name: in_EUR, type: Float64 }
      - { name: in_USD, type: Float64 }
      - { name: n_lines, type: UInt64 }
    tests:
      - row_count: { min: 0 }
      - expression: { expression: total >= 0 and n_lines >= 0, where: "day > today() - 30", store_failures: true }
      - unique: { columns: [id, day] }
      - sold_in: { by: '{{ref "mart_pivot"}}', where: 'day in (select day from {{ref "stg_lines"}})' }
  - name: mart_products
    columns: [{ name: sku, tests: [{ accepted_values: { values: [a, b], severity: warn } }] }]
  - name: mart_hist
    columns: [{ name: dbt_valid_to }, { name: customer_id, tests: [not_null] }]
exposures:
  - name: dashboard
    type: dashboard
    owner: { name: Ann, email: ann@example.com }
    depends_on: ['{{ref "mart_orders"}}', '{{ref "mart_products"}}']
unit_tests:
  - name: euro_totals
    model: mart_orders
    given:
      - input: '{{ref "stg_orders"}}'
        rows:
          - { id: 1, customer_id: 7, total: 10, currency: EUR, day: 2024-02-01, lines: [{sku: a, qty: 1, price: 5}] }
      - input: '{{ref "fx"}}'
      - input: '{{ref "stg_customers"}}'
        rows: []
    expect:
      rows: [{ id: 1, total: 10, in_EUR: 10, in_USD: 0, n_lines: 1 }]
  - name: counted
    model: mart_products
    given:
      - input: '{{ref "stg_orders"}}'
        format: sql
        rows: "select 1 as id, [('a', 2, 3)]::Array(Tuple(sku String, qty UInt16, price Decimal(10,2))) as lines, toDate('2024-01-01') as day"
    expect:
      format: csv
      rows: |
        sku,sold,revenue
        a,2,6
`,
  'models/staging/stg_clicks.sql': `{{config materialized="incremental" incremental_strategy="append" order_by="(user_id, at)" engine="ReplacingMergeTree(received)"}}
select event_id, user_id, at, url, received, props['utm'] as utm
from {{source "stream" "clicks"}}
{{#if (is_incremental)}}
where received > (select max(received) - interval 10 minute from {{this}})
{{/if}}`,
  'models/staging/stg_customers.sql': `select id as customer_id, mail, born, meta.k as meta_keys, meta.v[1] as first_meta from {{source "erp" "customers"}}`,
  'models/staging/stg_lines.sql': `{{config materialized="ephemeral"}}
select id as order_id, line.sku as sku, line.qty as qty, line.price as price, day
from {{ref "stg_orders"}}
array join lines as line`,
  'models/staging/stg_orders.sql': `select
    id,
    customer as customer_id,
    toFloat64(total) as total,
    toString(currency) as currency,
    created,
    toDate(created) as day,
    updated,
    lines,
    status,
    extra.channel::String as channel,
    is_gift
from {{source "erp" "orders"}}
where status != 'void' and created >= '{{var "start"}}'
`,
  'project.yaml': `name: store
targets:
  dev: { warehouse: { type: embedded } }
  prod: { warehouse: { type: clickhouse, url: '{{env "CLICKHOUSE_URL"}}', database: prod } }
vars:
  currencies: [EUR, USD]
  lookback_days: 3
  start: 2024-01-01
models:
  staging: { materialized: view, tags: [staging] }
  marts: { materialized: table, tags: [mart] }
seeds: { database: ref_data }
rules:
  - { rule: naming, select: 'path:models/staging', pattern: 'stg_*', because: layers }
  - { rule: select_star, select: 'path:models/marts', because: promise }
  - { rule: unused_cte }
  - { rule: implicit_variant }
  - { rule: join_without_keys }
`,
  'sinks/clicks.yaml': `kind: sink
name: clicks
queue: { name: clicks_q, exchange: web.tx, exchange_type: topic, routing_keys: ['click.*'] }
buffer: { max_rows: 1000, max_wait: 5s }
to: { clickhouse: _e.clicks, create: true, order_by: [user_id, at], engine: ReplacingMergeTree, partition_by: toYYYYMM(at), ttl: 'at + interval 1 year' }
columns:
  event_id: UUID
  user_id: UInt64
  at: DateTime64(3)
  url: { type: LowCardinality(String), from: page.url }
  received: { type: DateTime, value: now }
  props: 'Map(String, String)'
deduplicate_by: event_id
`,
  'sinks/hist.yaml': `kind: sync
name: products
from: mart_products
to: products
primary_key: [sku]
`,
  'sinks/orders.yaml': `kind: sync
name: orders
from: mart_orders
to: shop.orders
columns:
  - { name: order_id, from: id, type: bigint }
  - customer_id
  - day
  - { name: eur, from: total, type: 'numeric(12,2)' }
  - { name: synced_at, type: timestamptz, fill: now() }
primary_key: [order_id]
indexes: [{ columns: [day, customer_id] }]
`,
  'sinks/to_pg.yaml': `kind: sink
name: audit
queue: { name: audit_q }
to: { postgres: public.audit, create: true, key: id }
columns: { id: bigint, payload: { type: jsonb, as: json, from: body } }
`,
  'sinks/visits.yaml': `kind: sink
name: visits
queue: { name: visits_q }
to: { clickhouse: _e.visits, create: true, order_by: [id] }
columns: { id: UInt64, agent: Nullable(String) }
`,
  'sources/erp.yaml': `kind: source
name: erp
database: erp_raw
tables:
  - name: orders
    columns:
      - { name: id, type: UInt64, tests: [not_null, unique] }
      - { name: customer, type: UInt32 }
      - { name: total, type: Decimal64(2) }
      - { name: currency, type: FixedString(3) }
      - { name: created, type: "DateTime64(6, 'Europe/Berlin')" }
      - { name: updated, type: DateTime DEFAULT now() }
      - { name: lines, type: "Array(Tuple(sku String, qty UInt16, price Decimal(10,2)))" }
      - { name: status, type: "Enum8('new'=1,'paid'=2,'void'=3)" }
      - { name: extra, type: JSON }
      - { name: is_gift, type: Bool }
  - name: customers
    columns:
      - { name: id, type: UInt32 }
      - { name: mail, type: Nullable(String) }
      - { name: born, type: Nullable(Date) }
      - { name: meta, type: "Nested(k String, v String)" }
  - name: partly
    columns:
      - { name: id }
      - { name: x, type: String }
  - name: unread
  - { name: legacy_view, columns: [{ name: id, type: Int64, description: 'Id: the key' }] }
`,
  'sources/seeds/fx.csv': `currency,rate,valid
EUR,1.0,2024-01-01
USD,0.92,2024-01-01
`,
  'sources/seeds/fx.yaml': `kind: seeds
seeds:
  - name: fx
    config: { column_types: { rate: 'Decimal(10,4)' } }
    columns: [{ name: currency, tests: [unique] }, { name: rate, tests: [{ expression: { expression: 'rate > 0' } }] }]
`,
  'sources/seeds/plain.csv': `a,b
1,x
2,y
`,
  'sources/stream.yaml': `kind: source
name: stream
database: _e
tables:
  - name: clicks
    loaded_at: received
    columns:
      - { name: event_id }
      - { name: user_id, tests: [not_null] }
  - name: visits
`,
  'tests/data/no_void.sql': `-- void orders must not reach marts
select o.id
from {{ref "mart_orders"}} o
left join {{source "erp" "orders"}} r on r.id = o.id
where r.status = 'void'
`,
  'tests/generic/positive.sql': `select * from {{model}} where {{column_name}} <= 0`,
  'tests/generic/sold_in.sql': `select id from {{model}} where day not in (select day from {{by}})`,
  'tests/generic/within.sql': `select {{column_name}} from {{model}} where {{column_name}} not between {{min}} and {{max}}`,
};
