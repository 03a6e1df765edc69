/** Web analytics: maps, nested columns, JSON, aggregate states, funnels, dictionaries, and most that a table may be laid out by. */
export const web: Readonly<Record<string, string>> = {
  'models/abtest.sql': `select variant, uniqExact(ip) as u, avgIf(price, kind = 'buy') as a, quantileExactIf(0.9)(dur, dur is not null) as p90 from {{ref "hits"}} array join ab as variant group by variant`,
  'models/all.yaml': `kind: models
models:
  - name: hits
    columns:
      - name: site
        tests: [not_null, { accepted_values: { values: [a, b], where: "ts > now() - interval 1 day" } }]
      - name: kind
        tests: [{ accepted_values: { values: [view, click, buy] } }]
      - name: id
        tests: [unique, { relationships: { to: sessions, field: ip, enabled: false } }]
      - name: price
        tests: [{ expression: { expression: price >= 0 } }]
    tests:
      - expression: { expression: "dur is null or dur < 86400", severity: warn }
      - unique: { columns: [site, id], where: "kind != 'view'" }
  - name: cond
    columns: [{ name: bucket, tests: [{ accepted_values: { values: [none, short, long] } }] }]
`,
  'models/cohorts.sql': `with first as (select ip, min(toStartOfMonth(ts)) as cohort from {{ref "hits"}} group by ip) select cohort, dateDiff('month', cohort, toStartOfMonth(h.ts)) as age, uniq(h.ip) as u from {{ref "hits"}} h inner join first f using (ip) group by cohort, age`,
  'models/cond.sql': `select multiIf(dur is null, 'none', dur < 10, 'short', 'long') as bucket, if(dur > 1, dur, null) as dd, ifNull(dur, 0) as d0, coalesce(dur, 0) + 1 as d1, greatest(dur, 1) as g, nullIf(path, '') as np, toString(kind) as ks, kind::Int16 as ki, transform(site, ['a'], ['A'], 'other') as tr, dictGetOrDefault('analytics.sites', 'title', site, 'n/a') as title from {{ref "hits"}} -- {{ref "sites"}}`,
  'models/cte_scalar.sql': `with (select max(ts) from {{ref "hits"}}) as last_ts, (select count() from {{ref "hits"}}) as n select id, last_ts, n, n / 2 as half from {{ref "hits"}} where ts = last_ts`,
  'models/daily.sql': `{{config materialized="incremental" incremental_strategy="insert_overwrite" partition_by="d" order_by="(site, d)"}}select site, toDate(ts) as d, count() as c from {{ref "hits"}} {{#if (is_incremental)}}where toDate(ts) >= today() - 3{{/if}} group by site, d`,
  'models/del.sql': `{{config materialized="incremental" incremental_strategy="delete_insert" unique_key="id" order_by="id" on_schema_change="append_new_columns"}}select id, max(ts) as ts, any(path) as path from (select id, ts as ts, path from {{ref "hits"}}) group by id`,
  'models/funnel.sql': `select site, levels, count() as users from (
  select site, ip, windowFunnel(86400, 'strict_order')(toDateTime(ts), kind = 'view', kind = 'click', kind = 'buy') as levels
  from {{ref "hits"}} group by site, ip) group by site, levels order by site, levels`,
  'models/gaps.sql': `select d, c, c - any(c) over (order by d rows between 1 preceding and 1 preceding) as diff from (select toDate(ts) as d, count() as c from {{ref "hits"}} group by d order by d with fill step interval 1 day)`,
  'models/geo.sql': `select geohashEncode(geo.lon, geo.lat, 5) as cell, count() as c, avg(geo.1) as lat from {{ref "hits"}} group by cell`,
  'models/inet.sql': `select ip, IPv6NumToString(ip) as s, isIPv4String(s) as v4, toIPv4OrNull(s) as n from {{ref "hits"}}`,
  'models/inlit.sql': `select id from {{ref "hits"}} where kind in ('buy') and site not in (select site from {{ref "top"}}) and (site, path) in (select site, path from {{ref "top"}}) and ip = toIPv6('::1') and id = '61f0c404-5cb3-11e7-907b-a6006ad3dba0' and price > 1.5 and ts between '2024-01-01' and now() and dur = 5 and big > 1`,
  'models/items.sql': `select id, \`items.sku\` as sku, n from {{ref "hits"}} array join items.sku, \`items.n\` as n`,
  'models/js.sql': `select js.a as a, js.b.c as c, js.b.c.:String as d, js.a + 1 as e, JSONAllPaths(js) as p, dynamicType(js.zz) as t from {{ref "hits"}}`,
  'models/paths.sql': `select arrayStringConcat(arrayMap(x -> x.2, arraySort(x -> x.1, groupArray((ts, path)))), ' > ') as journey, length(arrayDistinct(groupArray(path))) as n, arrayReduce('max', groupArray(price)) as mx from {{ref "hits"}} group by ip having n > 1`,
  'models/pivoted.sql': `select site{{#each (var "countries")}}, countIf(params['country'] = '{{this}}') as \`c_{{this}}\`{{/each}} from {{ref "hits"}} {{#unless (var "on")}}where 1{{/unless}} group by site`,
  'models/raw/hits.sql': `{{config order_by="(site, toStartOfHour(ts), id)" partition_by="(site, toMonday(ts))" primary_key="(site, toStartOfHour(ts))" ttl="toDateTime(ts) + interval 90 day delete where kind = 'view', toDateTime(ts) + interval 30 day recompress codec(ZSTD(9))" indexes=(list (map name="i1" expression="path" type="ngrambf_v1(3, 512, 2, 0)" granularity=4) (map name="i2" expression="(kind, dur)" type="minmax") (map name="i3" expression="params['utm']" type="set(0)")) projections=(list (map name="by_kind" query="select kind, count(), sum(price) group by kind")) codecs=(map ts="Delta(8), ZSTD" path="ZSTD(3)")}}
select id, ts, site, path, ip, geo, params, dur, ab, kind, price, items.sku, items.n, js, agg, sm, big, day, host, \`with space\` as ws
from {{source "ev" "hits"}}
{{#if (is_incremental)}} where ts > (select coalesce(max(ts), toDateTime64(0, 3)) from {{this}}) {{else}} where ts > '2020-01-01' {{/if}}`,
  'models/rollup.sql': `select site, uniqMerge(u) as u, sum(s) as s, arrayElement(quantilesTDigestMerge(0.5, 0.99)(q), 2) as p99, groupUniqArrayMerge(ps) as ps, countMerge(c) as c, max(last) as last from {{ref "states"}} where d >= today() - 30 group by site`,
  'models/sessions.sql': `with
    30 * 60 as gap,
    hits as (select * from {{ref "hits"}} where site = {{literal (var "site")}}),
    marked as (
        select *, lagInFrame(ts) over w as prev, if(dateDiff('second', prev, ts) > gap, 1, 0) as is_new
        from hits
        window w as (partition by ip order by ts asc rows between 1 preceding and current row)
    )
select ip, ts, sum(is_new) over (partition by ip order by ts) as session_no, path,
       first_value(path) over (partition by ip, session_no_key order by ts) as landing
from (select *, toUInt32(is_new) as session_no_key from marked)`,
  'models/sites.sql': `{{config materialized="dictionary" primary_key="site" layout="complex_key_hashed()"}}select distinct toString(site) as site, upper(site) as title from {{ref "hits"}}`,
  'models/states.sql': `{{config materialized="table" engine="AggregatingMergeTree()" order_by="(site, d)" settings=(map allow_nullable_key=0)}}select site, toDate(ts) as d, uniqMergeState(agg) as u, sumSimpleState(sm) as s, quantilesTDigestState(0.5, 0.99)(toFloat64(price)) as q, groupUniqArrayState(path) as ps, countState() as c, maxSimpleState(ts) as last from {{ref "hits"}} group by site, d`,
  'models/top.sql': `select site, path, c from (select site, path, count() as c, row_number() over (partition by site order by count() desc) as rn from {{ref "hits"}} group by site, path) where rn <= 10`,
  'models/unions.sql': `select id, 'a' as k, 1 as v from {{ref "hits"}} union all select id, site, 2.5 from {{ref "hits"}} union all select id, toString(kind), null from {{ref "hits"}}`,
  'models/utm.sql': `select params['utm_source'] as src, mapContains(params, 'x') as has_x, countIf(kind in ('buy', 'click')) as conv, conv / count() as rate from {{ref "hits"}} group by src, has_x with totals`,
  'models/variant_ok.sql': `select if(kind = 'buy', price, 0) as p, [1, 2.5] as arr, array(dur, 1) as ar2, (1, 'a') as t, map('a', 1, 'b', 2) as mm, if(1, 'a', null) as n from {{ref "hits"}}`,
  'models/wide.sql': `select h.id, h.ts as "When?", s.landing as \`landing page\`, 'ünïcode ✓ 日本' as note /* "quoted" -- not a comment */ from {{ref "hits"}} as h any left join {{ref "sessions"}} as s on s.ip = h.ip and s.ts = h.ts -- ünïcode ✓
`,
  'models/wide2.sql': `select "When?", \`landing page\`, note from {{ref "wide"}} where "When?" > now64() - interval '1 day'`,
  'project.yaml': `name: web
targets:
  dev: { warehouse: { type: embedded, database: analytics } }
vars: { site: "o'reilly", countries: [DE, IN], limits: { a: 1 }, on: false, empty: '' }
models:
  raw: { database: raw_layer, materialized: incremental, incremental_strategy: append, settings: { index_granularity: 1024, min_bytes_for_wide_part: 0 } }
  materialized: view
`,
  'sources/events.yaml': `kind: source
name: ev
database: ingest
loaded_at: toDateTime(ts)
freshness: { warn_after: 12h, error_after: 2d }
tables:
  - name: hits
    loaded_at_query: "select max(ts) from ingest.hits where site = 'x'"
    columns:
      - { name: id, type: UUID }
      - { name: ts, type: "DateTime64(3, 'UTC')" }
      - { name: site, type: LowCardinality(String) }
      - { name: path, type: String CODEC(ZSTD(3)) }
      - { name: ip, type: IPv6 }
      - { name: geo, type: 'Tuple(lat Float32, lon Float32)' }
      - { name: params, type: 'Map(LowCardinality(String), String)' }
      - { name: dur, type: Nullable(UInt32) }
      - { name: ab, type: 'Array(LowCardinality(String))' }
      - { name: kind, type: "Enum16('view' = 1, 'click' = 2, 'buy' = 10)" }
      - { name: day, type: Date MATERIALIZED toDate(ts) }
      - { name: host, type: "String ALIAS domain(path)" }
      - { name: price, type: 'Decimal(18,4)' }
      - { name: items, type: 'Nested(sku String, n UInt8)' }
      - { name: js, type: 'JSON(a UInt32, max_dynamic_paths=10)' }
      - { name: agg, type: 'AggregateFunction(uniq, UUID)' }
      - { name: sm, type: 'SimpleAggregateFunction(sum, UInt64)' }
      - { name: big, type: UInt256 }
      - { name: "with space", type: String }
      - { name: t64, type: Time }
      - { name: poly, type: Polygon }
`,
};
