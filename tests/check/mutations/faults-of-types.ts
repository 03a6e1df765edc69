import { edit, type Fault, faults } from './fault.ts';

const orders = 'models/staging/stg_orders.sql';
const customers = 'models/staging/stg_customers.sql';
const events = 'models/staging/stg_events.sql';
const mart = 'models/marts/mart_customers.sql';
const daily = 'models/marts/mart_daily.sql';
const tags = 'models/marts/mart_tags.sql';
const feed = 'models/marts/mart_feed.sql';
const countries = 'models/marts/mart_countries.sql';
const martPaid = 'models/marts/mart_paid.sql';
const paid = 'models/staging/paid.sql';
const yaml = 'models/marts/marts.yaml';
const sources = 'sources/shop.yaml';

/** Mistakes in types, aggregation, syntax, layout and contracts. */
export const faultsOfTypes: readonly Fault[] = [
  ...faults(
    'arguments of wrong types',
    edit(orders, 'lower(status)', 'lower(amount)'),
    edit(orders, 'toDate(ordered_at)', 'toDate(tags)'),
    edit(customers, 'upper(country)', 'upper(signed_up)'),
    edit(customers, 'trimBoth(name)', 'trimBoth(customer_id)'),
    edit(events, "JSONExtractString(payload, 'page')", "JSONExtractString(price, 'page')"),
    edit(mart, 'sum(amount) as spent', 'sum(tags) as spent'),
    edit(daily, 'sum(o.amount)', 'sum(o.state)'),
    edit(daily, 'toFloat64(o.amount)', 'toFloat64(o.tags)'),
    edit(tags, "arrayStringConcat(groupUniqArray(5)(state), ',')", 'arraySum(groupUniqArray(5)(state))'),
    edit(countries, 'upper(k.code)', 'upper(k.population)'),
    edit(countries, 'revenue / population as revenue_each', 'revenue / country as revenue_each'),
    edit(martPaid, 'sum(amount) as paid', 'sum(concat(amount, 1)) as paid'),
  ),
  ...faults(
    'number of arguments',
    edit(orders, 'lower(status)', 'lower(status, 1)'),
    edit(customers, "coalesce(email, 'none')", 'nullIf(email)'),
    edit(events, "JSONExtractString(payload, 'page')", 'JSONExtractString()'),
    edit(mart, 'uniqExact(event_id)', 'uniqExact()'),
    edit(tags, "arrayStringConcat(groupUniqArray(5)(state), ',')", "arrayStringConcat(groupUniqArray(5)(state), ',', 1, 2)"),
    edit(feed, 'toFloat64(amount)', 'toFloat64(amount, 1, 2)'),
  ),
  ...faults(
    'comparison of types that do not compare',
    edit(orders, "status != 'void'", 'tags != 1'),
    edit(paid, "state = 'paid'", "amount = 'paid'"),
    edit(mart, 'on s.customer_id = c.customer_id', 'on s.customer_id = c.full_name'),
    edit(mart, 'left join visits as v on v.customer_id = c.customer_id', 'left join visits as v on v.customer_id = c.full_name'),
    edit(daily, 'where o.ordered_on >=', 'where o.tags >='),
    edit(countries, 'on d.country_code = upper(k.code)', 'on d.day = upper(k.code)'),
  ),
  ...faults(
    'operator on types it does not take',
    edit(orders, 'toDate(ordered_at) as', 'ordered_at + tags as'),
    edit(customers, "coalesce(email, 'none')", 'email - 1'),
    edit(events, '    price\n', '    price * kind\n'),
    edit(countries, 'revenue / population', 'last_day / population'),
    edit(mart, 's.last_order as last_order', 's.last_order * c.full_name as last_order'),
  ),
  ...faults(
    'not under an aggregate',
    edit(mart, '        sum(amount) as spent,', '        amount as spent,'),
    edit(daily, '    sum(o.amount) as revenue,', '    o.amount as revenue,'),
    edit(tags, '    count() as uses,', '    order_id as uses,'),
    edit(countries, '    max(d.day) as last_day', '    d.day as last_day'),
    edit(martPaid, '    sum(amount) as paid,', '    amount as paid,'),
    edit(martPaid, '    customer_id,\n    sum', '    order_id,\n    sum', { file: martPaid, text: '    order_id,' }),
  ),
  ...faults(
    'aggregate where none may be',
    edit(orders, "where status != 'void'", "where max(status) != 'void'"),
    edit(daily, 'group by day, country_code', 'where sum(o.amount) > 1 group by day, country_code'),
    edit(mart, 'sum(amount) as spent', 'sum(sum(amount)) as spent'),
    edit(martPaid, 'sum(amount) as paid', 'sum(count()) as paid'),
  ),
  ...faults(
    'syntax',
    edit(orders, '    customer_id,', '    customer_id,,'),
    edit(customers, 'select\n', 'selct\n'),
    edit(customers, 'trimBoth(name) as full_name', 'trimBoth(name as full_name'),
    edit(events, '    at,\n    JSON', '    at\n    JSON', { file: events, text: '    JSONExtractString' }),
    edit(mart, ' desc) as rank_in_country', ' desc as rank_in_country'),
    edit(daily, 'count() as orders', 'count() orders of the day'),
    edit(tags, 'group by tag', 'group tag'),
    edit(feed, 'union all', 'union every'),
    edit(countries, 'left join', 'left joined'),
    edit(martPaid, 'count() as orders', "count() as 'orders"),
    edit('tests/data/no_negative_revenue.sql', 'where revenue < 0', 'were revenue < 0'),
  ),
  ...faults(
    'duplicate output column',
    edit(orders, '    amount,\n', '    amount,\n    amount,\n', { file: orders, text: 'amount,\n    ordered_at' }),
    edit(customers, "coalesce(email, 'none') as mail", "coalesce(email, 'none') as full_name"),
    edit(mart, 's.orders as orders', 's.orders as spent'),
    edit(daily, 'count() as orders', 'count() as revenue'),
  ),
  ...faults(
    'union that becomes a Variant',
    edit(feed, 'select customer_id, at, kind, price', 'select customer_id, at, kind, page'),
    edit(feed, "'order' as what", '1 as what', { file: feed, text: '' }),
    edit(feed, 'select customer_id, at, kind, price', 'select event_id, at, kind, price'),
  ),
  ...faults(
    'union of other numbers of columns',
    edit(feed, 'select customer_id, at, kind, price', 'select customer_id, at, kind', { file: feed, text: 'union all' }),
    edit(feed, 'toFloat64(amount) as worth', 'toFloat64(amount) as worth, note', { file: feed, text: 'union all' }),
  ),
  ...faults(
    'branches that drift apart',
    edit(daily, 'count() as orders,', 'count(){{#if (is_incremental)}} + 0.5{{/if}} as orders,'),
    edit(daily, 'sum(o.amount) as revenue', 'sum(o.amount) as {{#if (is_incremental)}}turnover{{else}}revenue{{/if}}'),
    edit(events, '    price\n', '    price{{#if (is_incremental)}}, 1 as late{{/if}}\n', { file: events, text: '    price{{#if' }),
    edit(events, '    kind,\n', '    {{#if (is_incremental)}}toFixedString(kind, 9) as kind{{else}}kind{{/if}},\n'),
  ),
  ...faults(
    'sorting key that does not fit',
    edit(customers, 'order_by="customer_id"', 'order_by="id"'),
    edit(mart, 'order_by="customer_id"', 'order_by="customer"'),
    edit(tags, 'order_by="tag"', 'order_by="tags"'),
    edit(martPaid, 'order_by="customer_id"', 'order_by="customer_id, order_id"'),
    edit(events, 'order_by="(customer_id, event_id)"', 'order_by="(customer_id, id)"'),
    edit(daily, 'order_by="(day, country_code)"', 'order_by="(day, country)"'),
  ),
  ...faults(
    'key that may be null',
    edit(customers, 'materialized="table" order_by="customer_id"', 'materialized="table" order_by="nullIf(plan, \'\')"'),
    edit(customers, 'materialized="table" order_by="customer_id"', 'materialized="table" order_by="(customer_id, nullIf(mail, \'none\'))"'),
    edit(
      sources,
      '      - { name: country, type: LowCardinality(String) }',
      '      - { name: country, type: LowCardinality(Nullable(String)) }',
      {
        file: daily,
        text: 'order_by="(day, country_code)"',
      },
    ),
  ),
  ...faults(
    'partition that does not fit',
    edit(events, 'partition_by="toYYYYMM(at)"', 'partition_by="toYYYYMM(ordered_at)"'),
    edit(events, 'partition_by="toYYYYMM(at)"', 'partition_by="price"'),
    edit(events, 'partition_by="toYYYYMM(at)"', 'partition_by="toYYYYMM(kind)"'),
    edit(mart, 'order_by="customer_id" ttl', 'order_by="customer_id" partition_by="spent" ttl'),
  ),
  ...faults(
    'ttl, index, codec, engine',
    edit(mart, 'ttl="last_order + interval 5 year"', 'ttl="last + interval 5 year"'),
    edit(mart, 'ttl="last_order + interval 5 year"', 'ttl="full_name"'),
    edit(feed, 'expression="what"', 'expression="which"'),
    edit(feed, 'type="bloom_filter"', 'type="bloomfilter"'),
    edit(martPaid, '{{config order_by="customer_id"}}', '{{config order_by="customer_id" codecs=(map paid="Deltaa")}}'),
    edit(martPaid, '{{config order_by="customer_id"}}', '{{config order_by="customer_id" codecs=(map payed="ZSTD(1)")}}'),
    edit(events, 'ReplacingMergeTree(at)', 'ReplacingMergeTree(version)'),
    edit(events, 'ReplacingMergeTree(at)', 'ReplacingMergeTree(kind)'),
    edit(martPaid, '{{config order_by="customer_id"}}', '{{config order_by="customer_id" engine="MergeTre"}}'),
    edit(
      martPaid,
      '{{config order_by="customer_id"}}',
      '{{config order_by="customer_id" projections=(list (map name="p" query="select orders, sum(payed) group by orders"))}}',
    ),
  ),
  ...faults(
    'key of rows that is not in the output',
    edit(events, 'unique_key="event_id"', 'unique_key="id"'),
    edit(daily, 'unique_key=(list "day" "country_code")', 'unique_key=(list "day" "country")'),
  ),
  ...faults(
    'contract',
    edit(yaml, '{ name: spent, type: Float64 }', "{ name: spent, type: 'Decimal(18, 2)' }"),
    edit(yaml, '{ name: orders, type: UInt64 }', '{ name: orders, type: UInt32 }'),
    edit(yaml, '{ name: full_name, type: String }', '{ name: full_name, type: Nullable(String) }'),
    edit(yaml, '{ name: visits, type: UInt64 }', '{ name: visits }'),
    edit(yaml, '      - { name: last_order, type: Date }\n', '', { file: mart, text: 's.last_order' }),
    edit(mart, 's.orders as orders', 'toUInt32(s.orders) as orders', { file: yaml, text: '{ name: orders, type: UInt64 }' }),
    edit(mart, '    v.visits as visits,\n', '', { file: yaml, text: '{ name: visits' }),
    edit(orders, 'toDate(ordered_at) as ordered_on', 'ordered_at as ordered_on', { file: yaml, text: '{ name: last_order' }),
  ),
  ...faults(
    'type that does not exist',
    edit(sources, "type: 'Decimal(18, 2)'", "type: 'Decimall(18, 2)'"),
    edit(sources, '{ name: price, type: Float64 }', '{ name: price, type: Float46 }'),
    edit(sources, 'type: Array(String)', 'type: Array(Strin)'),
    edit('sources/seeds/countries.yaml', 'population: UInt32', 'population: UInt23'),
    edit(yaml, '{ name: full_name, type: String }', '{ name: full_name, type: Strng }'),
    edit(orders, '    tags,\n', '    tags::Array(Text32) as tags,\n'),
  ),
  ...faults(
    'relationship between types that never compare',
    edit(yaml, 'field: customer_id }', 'field: full_name }'),
    edit(yaml, 'field: customer_id }', 'field: last_order }'),
  ),
  ...faults(
    'values of another type',
    edit(
      yaml,
      '      - name: what\n        tests:\n          - accepted_values: { values: [order, click, view] }',
      '      - name: worth\n        tests:\n          - accepted_values: { values: [order, click, view] }',
      {
        file: yaml,
        text: 'accepted_values',
      },
    ),
  ),
  ...faults(
    'type without a counterpart in PostgreSQL',
    edit(daily, 'quantile(0.5)(toFloat64(o.amount)) as median', 'quantileState(0.5)(toFloat64(o.amount)) as median', {
      file: 'sinks/daily.yaml',
      text: 'from: mart_daily',
    }),
    edit(mart, 's.orders as orders', 'map(1, (s.orders, 2)) as orders', { file: yaml, text: '{ name: orders' }),
  ),
  ...faults(
    'subquery and window',
    edit(events, '(select max(at) from {{this}})', '(select max(at), 1 from {{this}})'),
    edit(daily, '(select max(day) - 3 from {{this}})', '(select * from {{this}})'),
    edit(mart, 'row_number() over (partition', 'row_number() ower (partition'),
    edit(mart, 'partition by c.country_code order by s.spent desc', 'partition by c.country_code order by s.spent down'),
    edit(
      'tests/data/no_negative_revenue.sql',
      'where revenue < 0',
      'where revenue < 0 and day in (select day, revenue from {{ref "mart_daily"}})',
    ),
    edit(martPaid, 'from {{ref "paid"}}', 'from {{ref "paid"}}\nwhere customer_id in (select customer_id, amount from {{ref "paid"}})', {
      file: martPaid,
      text: 'where customer_id in',
    }),
  ),
  ...faults(
    'ambiguous name',
    edit(mart, 'c.customer_id as customer_id,\n    c.full_name', 'customer_id,\n    c.full_name', {
      file: mart,
      text: '    customer_id,\n    c.full_name',
    }),
  ),
];
