import { edit, type Fault, faults } from './fault.ts';

const orders = 'models/staging/stg_orders.sql';
const customers = 'models/staging/stg_customers.sql';
const events = 'models/staging/stg_events.sql';
const paid = 'models/staging/paid.sql';
const mart = 'models/marts/mart_customers.sql';
const daily = 'models/marts/mart_daily.sql';
const tags = 'models/marts/mart_tags.sql';
const feed = 'models/marts/mart_feed.sql';
const countries = 'models/marts/mart_countries.sql';
const martPaid = 'models/marts/mart_paid.sql';
const yaml = 'models/marts/marts.yaml';
const sources = 'sources/shop.yaml';

/** Mistakes in names: of columns, functions, tables, settings, templates and files. */
export const faultsOfNames: readonly Fault[] = [
  ...faults(
    'unknown column',
    edit(orders, '    order_id,', '    ordr_id,'),
    edit(orders, 'lower(status)', 'lower(stats)'),
    edit(orders, '    amount,', '    amout,'),
    edit(orders, 'toDate(ordered_at)', 'toDate(orderd_at)'),
    edit(orders, "where status != 'void'", "where statuss != 'void'"),
    edit(customers, 'trimBoth(name)', 'trimBoth(nam)'),
    edit(customers, "coalesce(email, 'none')", "coalesce(mail_address, 'none')"),
    edit(customers, "attributes['plan']", "attribute['plan']"),
    edit(events, '    kind,', '    kinds,'),
    edit(events, "JSONExtractString(payload, 'page')", "JSONExtractString(paylod, 'page')"),
    edit(paid, "where state = 'paid'", "where status = 'paid'"),
    edit(mart, '        sum(amount) as spent,', '        sum(amounts) as spent,'),
    edit(mart, '    s.orders as orders,', '    s.order_count as orders,'),
    edit(mart, 'v.visits as visits', 'v.visit_count as visits'),
    edit(mart, 'uniqExact(event_id)', 'uniqExact(id_of_event)'),
    edit(daily, 'sum(o.amount)', 'sum(o.amnt)'),
    edit(daily, 'o.ordered_on as day', 'o.order_day as day'),
    edit(tags, 'groupUniqArray(5)(state)', 'groupUniqArray(5)(status)'),
    edit(tags, 'array join tags as tag', 'array join labels as tag'),
    edit(feed, 'toFloat64(amount) as worth', 'toFloat64(amunt) as worth'),
    edit(feed, 'select customer_id, at, kind, price', 'select customer_id, at, kind, cost'),
    edit(countries, 'k.population as population', 'k.inhabitants as population'),
    edit(countries, 'max(d.day)', 'max(d.date)'),
    edit(martPaid, 'sum(amount) as paid', 'sum(amount_paid) as paid'),
    edit('tests/data/no_negative_revenue.sql', 'select day, revenue', 'select day, revenues'),
    edit('tests/data/no_negative_revenue.sql', 'where revenue < 0', 'where turnover < 0'),
  ),
  ...faults(
    'unknown column in a clause',
    edit(mart, 'order by s.spent desc', 'order by s.spnt desc'),
    edit(mart, 'partition by c.country_code order', 'partition by c.country order'),
    edit(mart, 'on s.customer_id = c.customer_id', 'on s.customer = c.customer_id'),
    edit(mart, 'left join visits as v on v.customer_id = c.customer_id', 'left join visits as v on v.customer_id = c.customer'),
    edit(daily, 'using (customer_id)', 'using (customer)'),
    edit(daily, 'group by day, country_code', 'group by day, country_cod'),
    edit(tags, 'group by tag', 'group by tagg'),
    edit(tags, 'having uses > 1', 'having used > 1'),
    edit(countries, 'order by revenue desc', 'order by revenues desc'),
    edit(countries, 'on d.country_code = upper(k.code)', 'on d.country_code = upper(k.cod)'),
    edit(countries, 'group by country, population', 'group by country, populations'),
    edit(martPaid, 'group by customer_id', 'group by customer'),
  ),
  ...faults(
    'column of the incremental branch alone',
    edit(events, 'where at >= (', 'where att >= ('),
    edit(events, 'select max(at) from', 'select max(att) from'),
    edit(daily, 'where o.ordered_on >=', 'where o.order_date >='),
    edit(daily, 'select max(day) - 3', 'select max(date) - 3'),
  ),
  ...faults(
    'unknown function',
    edit(orders, 'lower(status)', 'lowerr(status)'),
    edit(orders, 'toDate(ordered_at)', 'to_date_of(ordered_at)'),
    edit(customers, 'trimBoth(name)', 'trimEverywhere(name)'),
    edit(customers, 'upper(country)', 'uppr(country)'),
    edit(events, 'JSONExtractString', 'JSONExtractText'),
    edit(mart, 'uniqExact(event_id)', 'uniqExactly(event_id)'),
    edit(mart, 'row_number()', 'row_numbers()'),
    edit(daily, 'quantile(0.5)(', 'percentil(0.5)('),
    edit(tags, 'arrayStringConcat(', 'arrayToText('),
    edit(feed, 'toFloat64(amount)', 'toFloat(amount)'),
    edit(countries, 'upper(k.code)', 'upperCase(k.code)'),
  ),
  ...faults(
    'mistake in a macro',
    edit('macros/money.hbs', 'round(', 'rounded(', { file: mart, text: '{{> money' }),
    edit('macros/money.hbs', '{{column}}), 2)', '{{column}})), 2)', { file: mart, text: '{{> money' }),
    edit('macros/score.hbs', '{{spent}} > 1000, 3', '{{spent}} > spents, 3', { file: mart, text: '{{> score' }),
    edit('macros/score.hbs', '    1)', "    'none')", { file: mart, text: '{{> score' }),
    edit('macros/score.hbs', 'multiIf(', 'multiWhen(', { file: mart, text: '{{> score' }),
    edit(mart, '{{> money column="s.spent"}}', '{{> money column="s.spending"}}'),
    edit(mart, '{{> score spent="s.spent"}}', '{{> score spent="s.points"}}'),
  ),
  ...faults(
    'unknown table',
    edit(martPaid, '{{ref "paid"}}', 'paid_orders'),
    edit(daily, '{{ref "stg_customers"}} as c', 'customers as c'),
    edit(orders, '{{source "shop" "orders"}}', 'nowhere.orders'),
    edit(mart, 'inner join spending as s', 'inner join spendings as s'),
  ),
  ...faults(
    'table read without ref or source',
    edit(martPaid, '{{ref "paid"}}', '`@dbt`.stg_orders'),
    edit(daily, '{{ref "stg_orders"}} as o', '`@dbt`.stg_orders as o'),
    edit(customers, '{{source "shop" "customers"}}', '`@shop`.customers'),
    edit(countries, '{{ref "countries"}} as k', '`@seeds`.countries as k'),
  ),
  ...faults(
    'unknown ref or source',
    edit(martPaid, '{{ref "paid"}}', '{{ref "payed"}}'),
    edit(daily, '{{ref "stg_customers"}}', '{{ref "stg_customer"}}'),
    edit(orders, '{{source "shop" "orders"}}', '{{source "shop" "order"}}'),
    edit(customers, '{{source "shop" "customers"}}', '{{source "shops" "customers"}}'),
    edit('sinks/daily.yaml', 'from: mart_daily', 'from: mart_dayly'),
    edit('tests/data/no_negative_revenue.sql', '{{ref "mart_daily"}}', '{{ref "daily"}}'),
    edit(yaml, 'to: mart_customers,', 'to: mart_customer,'),
  ),
  ...faults(
    'template',
    edit(mart, '{{> money column="s.spent"}}', '{{> mony column="s.spent"}}'),
    edit(countries, 'limit {{var "top"}}', 'limit {{var "topp"}}'),
    edit(events, '{{#if (is_incremental)}}', '{{#if (is_incrementel)}}'),
    edit(daily, '{{/if}}', '{{/iff}}'),
    edit(orders, '{{var "since"}}', '{{var since}}'),
    edit(orders, 'tags="core"}}', 'tagz="core"}}'),
  ),
  ...faults(
    'setting that does not exist',
    edit(countries, 'limit {{var "top"}}', 'limit {{var "top"}}\nsettings max_thread = 2', { file: countries, text: 'max_thread' }),
    edit(mart, 'order_by="customer_id" ttl', 'order_by="customer_id" query_settings=(map join_use_null=1) ttl'),
    edit(tags, '{{config order_by="tag"}}', '{{config order_by="tag" settings=(map index_granularty=1024)}}'),
    edit(martPaid, '{{config order_by="customer_id"}}', '{{config order_by="customer_id" query_settings=(map max_thredas=2)}}'),
  ),
  ...faults(
    'test on a column that is not there',
    edit(yaml, '      - { name: day, tests: [not_null] }', '      - { name: dey, tests: [not_null] }'),
    edit(yaml, 'unique: { columns: [day, country_code] }', 'unique: { columns: [day, country] }'),
    edit(yaml, 'expression: { expression: revenue >= 0 }', 'expression: { expression: revenues >= 0 }'),
    edit(yaml, 'field: customer_id }', 'field: customer }'),
    edit(yaml, '      - name: what\n', '      - name: whatt\n'),
    edit('sources/seeds/countries.yaml', '{ name: code, tests', '{ name: cod, tests'),
    edit(
      sources,
      '{ name: customer_id, type: UInt64, tests: [unique] }',
      '{ name: customer_id, type: UInt64, tests: [unique: { columns: [customer] }] }',
    ),
  ),
  ...faults(
    'column that a properties file alone knows',
    edit(yaml, '      - { name: orders }', '      - { name: order_count }'),
    edit(yaml, '      - { name: points, type: UInt8 }', '      - { name: point, type: UInt8 }'),
  ),
  ...faults(
    'column that a sync cannot find',
    edit('sinks/customers.yaml', 'from: full_name', 'from: fullname'),
    edit('sinks/customers.yaml', '  - orders', '  - order_count'),
    edit('sinks/customers.yaml', '  - customer_id\n', '  - id_of_customer\n'),
    edit('sinks/daily.yaml', 'primary_key: [day, country_code]', 'primary_key: [day, country]'),
    edit(
      'sinks/daily.yaml',
      'primary_key: [day, country_code]',
      'primary_key: [day, country_code]\nindexes:\n  - { columns: [revenues] }',
      {
        file: 'sinks/daily.yaml',
        text: 'revenues',
      },
    ),
  ),
  ...faults(
    'column gone from a source',
    edit(sources, '      - { name: amount, type: ', '      - { name: total, type: ', { file: orders, text: '    amount,' }),
    edit(sources, '      - { name: email, type', '      - { name: mail, type', { file: customers, text: 'coalesce(email' }),
    edit(sources, '      - { name: payload, type', '      - { name: body, type', { file: events, text: 'payload' }),
    edit(sources, '      - { name: signed_up, type', '      - { name: joined, type', { file: customers, text: '    signed_up' }),
    edit(sources, '      - { name: at, type', '      - { name: happened_at, type', { file: events, text: '    at,' }),
  ),
  ...faults(
    'column gone from a model',
    edit(orders, '    ordered_at,\n    toDate', '    toDate', { file: feed, text: 'ordered_at as happened_at' }),
    edit(customers, '    trimBoth(name) as full_name,', '    trimBoth(name) as display_name,', {
      file: mart,
      text: 'c.full_name as full_name',
    }),
    edit(customers, '    upper(country) as country_code,', '    upper(country) as country_of,', {
      file: mart,
      text: 'c.country_code as country_code',
    }),
    edit(paid, 'select order_id, customer_id, amount', 'select order_id, customer_id', { file: martPaid, text: 'sum(amount)' }),
    edit(daily, '    sum(o.amount) as revenue,', '    sum(o.amount) as turnover,', { file: countries, text: 'sum(d.revenue)' }),
  ),
  ...faults(
    'alias of a table that is not there',
    edit(mart, 'c.full_name as full_name', 'x.full_name as full_name'),
    edit(daily, 'c.country_code as country_code', 'k.country_code as country_code'),
    edit(countries, 'k.label as country', 'l.label as country'),
  ),
];
