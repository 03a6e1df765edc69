/**
 * A valid project with most of what models are written with. `@` stands for the prefix of its databases, so that many copies fit in one
 * engine.
 */
export const shop: Readonly<Record<string, string>> = {
  'project.yaml': `name: shop
targets:
  dev: { warehouse: { type: embedded, database: '@dbt' } }
vars:
  since: '2024-01-01'
  top: 10
models:
  staging: { materialized: view }
  marts: { materialized: table }
seeds:
  database: '@seeds'
`,
  'sources/shop.yaml': `kind: source
name: shop
database: '@shop'
tables:
  - name: orders
    columns:
      - { name: order_id, type: UInt64 }
      - { name: customer_id, type: UInt64 }
      - { name: status, type: LowCardinality(String) }
      - { name: amount, type: 'Decimal(18, 2)' }
      - { name: ordered_at, type: DateTime }
      - { name: tags, type: Array(String) }
      - { name: note, type: Nullable(String) }
  - name: customers
    columns:
      - { name: customer_id, type: UInt64, tests: [unique] }
      - { name: name, type: String }
      - { name: country, type: LowCardinality(String) }
      - { name: email, type: Nullable(String) }
      - { name: signed_up, type: Date }
      - { name: attributes, type: 'Map(String, String)' }
  - name: events
    columns:
      - { name: event_id, type: String }
      - { name: customer_id, type: UInt64 }
      - { name: kind, type: String }
      - { name: at, type: DateTime }
      - { name: payload, type: String }
      - { name: price, type: Float64 }
`,
  'sources/seeds/countries.csv': 'code,label,population\nin,India,1400\nde,Germany,84\n',
  'sources/seeds/countries.yaml': `kind: seeds
seeds:
  - name: countries
    config: { column_types: { code: String, label: String, population: UInt32 } }
    columns:
      - { name: code, tests: [unique, not_null] }
`,
  'macros/money.hbs': 'round(toFloat64({{column}}), 2)\n',
  'macros/score.hbs': `{{!-- Points of a customer. --}}
multiIf(
    {{spent}} > 1000, 3,
    {{spent}} > 100, 2,
    1)
`,
  'models/staging/stg_orders.sql': `{{config tags="core"}}
-- orders that count
select
    order_id,
    customer_id,
    lower(status) as state,
    amount,
    ordered_at,
    toDate(ordered_at) as ordered_on,
    tags,
    note
from {{source "shop" "orders"}}
where status != 'void'
  and ordered_at >= toDateTime('{{var "since"}} 00:00:00')
`,
  'models/staging/stg_customers.sql': `{{config materialized="table" order_by="customer_id" tags="core"}}
select
    customer_id,
    trimBoth(name) as full_name,
    upper(country) as country_code,
    coalesce(email, 'none') as mail,
    signed_up,
    attributes['plan'] as plan
from {{source "shop" "customers"}}
`,
  'models/staging/stg_events.sql': `{{config
  materialized="incremental"
  engine="ReplacingMergeTree(at)"
  order_by="(customer_id, event_id)"
  partition_by="toYYYYMM(at)"
  unique_key="event_id"
}}
select
    event_id,
    customer_id,
    kind,
    at,
    JSONExtractString(payload, 'page') as page,
    price
from {{source "shop" "events"}}
{{#if (is_incremental)}}
where at >= (select max(at) from {{this}}) - interval 4 hour
{{/if}}
`,
  'models/staging/paid.sql': `{{config materialized="ephemeral"}}
select order_id, customer_id, amount
from {{ref "stg_orders"}}
where state = 'paid'
`,
  'models/marts/mart_customers.sql': `{{config order_by="customer_id" ttl="last_order + interval 5 year"}}
with spending as (
    select
        customer_id,
        sum(amount) as spent,
        count() as orders,
        max(ordered_on) as last_order
    from {{ref "stg_orders"}}
    group by customer_id
),

visits as (
    select customer_id, uniqExact(event_id) as visits
    from {{ref "stg_events" final=true}}
    group by customer_id
)

select
    c.customer_id as customer_id,
    c.full_name as full_name,
    c.country_code as country_code,
    {{> money column="s.spent"}} as spent,
    s.orders as orders,
    s.last_order as last_order,
    v.visits as visits,
    row_number() over (partition by c.country_code order by s.spent desc) as rank_in_country,
    {{> score spent="s.spent"}} as points
from {{ref "stg_customers"}} as c
inner join spending as s on s.customer_id = c.customer_id
left join visits as v on v.customer_id = c.customer_id
`,
  'models/marts/mart_daily.sql': `{{config
  materialized="incremental"
  incremental_strategy="delete_insert"
  unique_key=(list "day" "country_code")
  order_by="(day, country_code)"
}}
select
    o.ordered_on as day,
    c.country_code as country_code,
    sum(o.amount) as revenue,
    count() as orders,
    quantile(0.5)(toFloat64(o.amount)) as median
from {{ref "stg_orders"}} as o
inner join {{ref "stg_customers"}} as c using (customer_id)
{{#if (is_incremental)}}
where o.ordered_on >= (select max(day) - 3 from {{this}})
{{/if}}
group by day, country_code
`,
  'models/marts/mart_tags.sql': `{{config order_by="tag"}}
select
    tag,
    count() as uses,
    arrayStringConcat(groupUniqArray(5)(state), ',') as states
from {{ref "stg_orders"}}
array join tags as tag
group by tag
having uses > 1
`,
  'models/marts/mart_feed.sql': `{{config order_by="(happened_at, what)" indexes=(list (map name="by_what" expression="what" type="bloom_filter"))}}
select customer_id, ordered_at as happened_at, 'order' as what, toFloat64(amount) as worth
from {{ref "stg_orders"}}
union all
select customer_id, at, kind, price
from {{ref "stg_events"}}
`,
  'models/marts/mart_countries.sql': `{{config materialized="view"}}
select
    k.label as country,
    k.population as population,
    sum(d.revenue) as revenue,
    revenue / population as revenue_each,
    max(d.day) as last_day
from {{ref "countries"}} as k
left join {{ref "mart_daily"}} as d on d.country_code = upper(k.code)
group by country, population
order by revenue desc
limit {{var "top"}}
`,
  'models/marts/mart_paid.sql': `{{config order_by="customer_id"}}
select
    customer_id,
    sum(amount) as paid,
    count() as orders
from {{ref "paid"}}
group by customer_id
`,
  'models/marts/marts.yaml': `kind: models
models:
  - name: mart_customers
    config: { contract: enforced }
    columns:
      - { name: customer_id, type: UInt64, tests: [unique, not_null] }
      - { name: full_name, type: String }
      - { name: country_code, type: LowCardinality(String) }
      - { name: spent, type: Float64 }
      - { name: orders, type: UInt64 }
      - { name: last_order, type: Date }
      - { name: visits, type: UInt64 }
      - { name: rank_in_country, type: UInt64 }
      - { name: points, type: UInt8 }
  - name: mart_daily
    tests:
      - unique: { columns: [day, country_code] }
      - expression: { expression: revenue >= 0 }
    columns:
      - { name: day, tests: [not_null] }
      - { name: orders }
  - name: mart_paid
    columns:
      - name: customer_id
        tests:
          - relationships: { to: mart_customers, field: customer_id }
  - name: mart_feed
    columns:
      - name: what
        tests:
          - accepted_values: { values: [order, click, view] }
`,
  'tests/data/no_negative_revenue.sql': `select day, revenue
from {{ref "mart_daily"}}
where revenue < 0
`,
  'sinks/customers.yaml': `kind: sync
name: customers
from: mart_customers
to: customers
columns:
  - customer_id
  - { name: name, from: full_name }
  - { name: spent, type: 'numeric(18,2)' }
  - orders
primary_key: [customer_id]
`,
  'sinks/daily.yaml': `kind: sync
name: daily
from: mart_daily
to: daily
primary_key: [day, country_code]
`,
};
