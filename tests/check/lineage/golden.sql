-- Each query, and below it what its lineage is, worked out by reading it:
--   --> output column: the columns its values are computed of
--   --~ the columns that decide which rows there are, or their order
-- The tables are those of golden-tables.sql.

-- 1 a column
select views from post;
--> views: post.views

-- 2 a column under another name
select views as watched from post;
--> watched: post.views

-- 3 every column
select * from account;
--> handle: account.handle
--> name: account.name
--> country: account.country
--> followers: account.followers
--> updated: account.updated

-- 4 every column of one of two tables
select a.* from account as a inner join follower as f on f.handle = a.handle;
--> handle: account.handle
--> name: account.name
--> country: account.country
--> followers: account.followers
--> updated: account.updated
--~ account.handle, follower.handle

-- 5 all but some
select * except (name, country, updated) from account;
--> handle: account.handle
--> followers: account.followers

-- 6 all with some replaced
select * except (name, updated) replace (concat(handle, '@', country) as handle) from account;
--> handle: account.country, account.handle
--> country: account.country
--> followers: account.followers

-- 7 a function over all
select * except (name, country, updated) apply toString from account;
--> toString(handle): account.handle
--> toString(followers): account.followers

-- 8 columns by a pattern
select columns('^(views|likes)$') from post;
--> views: post.views
--> likes: post.likes

-- 9 columns by a pattern, aggregated
select columns('^(views|likes)$') apply sum from post;
--> sum(views): post.views
--> sum(likes): post.likes

-- 10 columns by a list, and a lambda over them
select columns(views, likes) apply (x -> x + 1) from post;
--> plus(views, 1): post.views
--> plus(likes, 1): post.likes

-- 11 arithmetic
select (views + likes) / 2 as mean from post;
--> mean: post.likes, post.views

-- 12 constants come from nowhere
select 1 as one, 'a\nb' as text, now() as at, [1, 2] as numbers from post;
--> one:
--> text:
--> at:
--> numbers:

-- 13 a filter decides rows, not values
select id from post where views > 10 and handle = 'a';
--> id: post.id
--~ post.handle, post.views

-- 14 an alias that another expression uses
select views + 1 as more, more * 2 as twice from post;
--> more: post.views
--> twice: post.views

-- 15 an alias in a filter
select views * 2 as twice from post where twice > 4;
--> twice: post.views
--~ post.views

-- 16 an alias with the name of another column
select likes as views, id from post order by id;
--> views: post.likes
--> id: post.id
--~ post.id

-- 17 if, with its condition
select if(views > 100, handle, 'small') as who from post;
--> who: post.handle, post.views

-- 18 case
select case when likes > 1 then title when views > 1 then handle else '' end as label from post;
--> label: post.handle, post.likes, post.title, post.views

-- 19 case of a value
select case handle when 'a' then views else likes end as figure from post;
--> figure: post.handle, post.likes, post.views

-- 20 coalesce, casts, null checks
select coalesce(title, handle) as name, cast(views as String) as v, title is null as untitled, likes::Float64 as l from post;
--> name: post.handle, post.title
--> v: post.views
--> untitled: post.title
--> l: post.likes

-- 21 aggregates
select handle, count() as posts, sum(views) as views, max(posted) as last from post group by handle;
--> handle: post.handle
--> posts:
--> views: post.views
--> last: post.posted
--~ post.handle

-- 22 count of something is computed of it
select count(title) as titled, count(distinct handle) as handles, uniqExact(handle, id) as pairs from post;
--> titled: post.title
--> handles: post.handle
--> pairs: post.handle, post.id

-- 23 argMax
select handle, argMax(title, posted) as title from post group by handle;
--> handle: post.handle
--> title: post.posted, post.title
--~ post.handle

-- 24 conditional aggregates
select sumIf(views, likes > 0) as liked, countIf(handle != '') as known, sum(views) filter (where id > 1) as some from post;
--> liked: post.likes, post.views
--> known: post.handle
--> some: post.id, post.views

-- 25 parameters of aggregates
select quantiles(0.5, 0.9)(views) as q, topK(3)(handle) as top, groupArray(10)(title) as titles from post;
--> q: post.views
--> top: post.handle
--> titles: post.title

-- 26 having
select handle from post group by handle having sum(views) > 10;
--> handle: post.handle
--~ post.handle, post.views

-- 27 group by position and alias
select toStartOfMonth(posted) as month, sum(likes) as likes from post group by month order by month;
--> month: post.posted
--> likes: post.likes
--~ post.posted

-- 28 group by all
select country, sum(followers) as reach from account group by all;
--> country: account.country
--> reach: account.followers
--~ account.country

-- 29 grouping sets
select country, name, sum(followers) as reach, grouping(name) as level from account group by grouping sets ((country), (country, name), ());
--> country: account.country
--> name: account.name
--> reach: account.followers
--> level: account.name
--~ account.country, account.name

-- 30 rollup and totals
select country, count() as n from account group by country with rollup;
--> country: account.country
--> n:
--~ account.country

-- 31 distinct
select distinct country from account;
--> country: account.country

-- 32 distinct on
select distinct on (country) country, name from account order by followers desc;
--> country: account.country
--> name: account.name
--~ account.country, account.followers

-- 33 limit by
select handle, id from post order by views desc limit 3 by handle;
--> handle: post.handle
--> id: post.id
--~ post.handle, post.views

-- 34 limit with ties
select id from post order by views desc limit 10 with ties;
--> id: post.id
--~ post.views

-- 35 prewhere and final
select id from post final prewhere handle = 'a' where likes > 1;
--> id: post.id
--~ post.handle, post.likes

-- 36 sample
select id, views * _sample_factor as estimate from post sample 1 / 10;
--> id: post.id
--> estimate: post.views

-- 37 a subquery
select v * 2 as w from (select views as v, likes from post where id > 1);
--> w: post.views
--~ post.id

-- 38 subqueries in one another
select z from (select y as z from (select x as y from (select views + likes as x from post)));
--> z: post.likes, post.views

-- 39 * of a subquery
select * from (select id, views as v from post);
--> id: post.id
--> v: post.views

-- 40 a CTE
with totals as (select handle, sum(views) as views from post group by handle) select views from totals;
--> views: post.views
--~ post.handle

-- 41 a CTE that reads a CTE
with a as (select id, views from post), b as (select views + 1 as more from a where id > 3) select more from b;
--> more: post.views
--~ post.id

-- 42 a CTE read twice
with a as (select id, views from post) select x.views as before, y.views as after from a as x inner join a as y on x.id = y.id;
--> before: post.views
--> after: post.views
--~ post.id

-- 43 a CTE that nobody reads
with a as (select handle from account) select id from post;
--> id: post.id

-- 44 a CTE with the name of a table
with post as (select handle as h from account) select h from post;
--> h: account.handle

-- 45 a CTE within a subquery hides the one outside
with a as (select views as v from post) select v from (with a as (select followers as v from account) select v from a);
--> v: account.followers

-- 46 a constant by WITH
with 10 as least select id from post where views > least;
--> id: post.id
--~ post.views

-- 47 an expression by WITH
with views / likes as ratio select id, ratio * 100 as percent from post where ratio > 1;
--> id: post.id
--> percent: post.likes, post.views
--~ post.likes, post.views

-- 48 a scalar subquery by WITH
with (select max(views) from post) as best select handle, followers / best as share from account;
--> handle: account.handle
--> share: account.followers, post.views

-- 49 a lambda by WITH
with (x, y) -> x * y as product select product(views, likes) as p from post;
--> p: post.likes, post.views

-- 50 a materialized CTE
with a as materialized (select handle, followers from account) select sum(followers) as reach from a;
--> reach: account.followers

-- 51 a scalar subquery
select id, (select max(followers) from account where country = 'in') as best from post;
--> id: post.id
--> best: account.followers
--~ account.country

-- 52 a scalar subquery in an expression
select views - (select avg(views) from post) as above from post;
--> above: post.views

-- 53 a scalar subquery of several columns
select (select (max(views), min(likes)) from post) as ends from account;
--> ends: post.likes, post.views

-- 54 in a subquery
select id from post where handle in (select handle from account where followers > 5);
--> id: post.id
--~ account.followers, account.handle, post.handle

-- 55 in a subquery, as a value
select id, handle in (select follower from follower) as follows from post;
--> id: post.id
--> follows: follower.follower, post.handle

-- 56 in a tuple of columns
select id from post where (handle, views) not in (select handle, followers from account);
--> id: post.id
--~ account.followers, account.handle, post.handle, post.views

-- 57 in a table
select name from account where handle in known;
--> name: account.name
--~ account.handle, known.handle

-- 58 in a CTE
with big as (select handle from account where followers > 100) select id from post where handle in big;
--> id: post.id
--~ account.followers, account.handle, post.handle

-- 59 exists
select id from post where exists (select 1 from account where account.handle = post.handle);
--> id: post.id
--~ account.handle, post.handle

-- 60 inner join on
select p.id as id, a.followers as followers from post as p inner join account as a on a.handle = p.handle and a.updated > p.posted;
--> id: post.id
--> followers: account.followers
--~ account.handle, account.updated, post.handle, post.posted

-- 61 left join, with a default
select p.id as id, ifNull(a.name, p.title) as name from post as p left join account as a on a.handle = p.handle;
--> id: post.id
--> name: account.name, post.title
--~ account.handle, post.handle

-- 62 using: the key is both sides'
select handle, title, followers from post inner join account using (handle);
--> handle: account.handle, post.handle
--> title: post.title
--> followers: account.followers
--~ account.handle, post.handle

-- 63 using, every column
select * from account inner join follower using (handle);
--> handle: account.handle, follower.handle
--> name: account.name
--> country: account.country
--> followers: account.followers
--> updated: account.updated
--> follower: follower.follower
--> since: follower.since
--~ account.handle, follower.handle

-- 64 left join using, the key of the right side by name
select a.name as name, f.handle as handle from account as a left join follower as f using (handle);
--> name: account.name
--> handle: follower.handle
--~ account.handle, follower.handle

-- 65 right join using
select handle from post right join account using (handle);
--> handle: account.handle, post.handle
--~ account.handle, post.handle

-- 66 full join using
select handle, views, followers from post full join account using (handle);
--> handle: account.handle, post.handle
--> views: post.views
--> followers: account.followers
--~ account.handle, post.handle

-- 67 three tables using
select handle, follower, likes from post inner join account using (handle) inner join follower using (handle);
--> handle: account.handle, follower.handle, post.handle
--> follower: follower.follower
--> likes: post.likes
--~ account.handle, follower.handle, post.handle

-- 68 using in a subquery
select upper(h) as h from (select handle as h from post inner join account using (handle));
--> h: account.handle, post.handle
--~ account.handle, post.handle

-- 69 anti join using: no row of the right side is there
select handle, name from account left anti join follower using (handle);
--> handle: account.handle
--> name: account.name
--~ account.handle, follower.handle

-- 70 semi join
select name from account left semi join follower on follower.handle = account.handle;
--> name: account.name
--~ account.handle, follower.handle

-- 71 asof join
select p.id as id, a.followers as followers from post as p asof left join account as a on a.handle = p.handle and a.updated <= p.posted;
--> id: post.id
--> followers: account.followers
--~ account.handle, account.updated, post.handle, post.posted

-- 72 cross join by comma
select p.id as id, a.name as name from post as p, account as a where p.handle = a.handle;
--> id: post.id
--> name: account.name
--~ account.handle, post.handle

-- 73 a table joined to itself
select child.name as name, mother.name as parent from category as child left join category as mother on mother.id = child.parent;
--> name: category.name
--> parent: category.name
--~ category.id, category.parent

-- 74 join of subqueries
select x.handle as handle, x.views / y.reach as rate from (select handle, sum(views) as views from post group by handle) as x inner join (select handle, max(followers) as reach from account group by handle) as y on y.handle = x.handle;
--> handle: post.handle
--> rate: account.followers, post.views
--~ account.handle, post.handle

-- 75 joinGet
select id, joinGet('g.label', 'text', id) as label from post;
--> id: post.id
--> label: label.text, post.id

-- 76 dictGet
select handle, dictGet('g.geo', 'region', tuple(country)) as region from account;
--> handle: account.handle
--> region: account.country, geo.region

-- 77 dictGet of several attributes, and with a default
select dictGet('g.geo', ('region', 'currency'), tuple(country)) as both, dictGetOrDefault('g.geo', 'currency', tuple(country), name) as currency from account;
--> both: account.country, geo.currency, geo.region
--> currency: account.country, account.name, geo.currency

-- 78 dictHas
select handle from account where dictHas('g.geo', tuple(country));
--> handle: account.handle
--~ account.country

-- 79 a dictionary as a table
select region from dictionary('g.geo') where currency = 'INR';
--> region: geo.region
--~ geo.currency

-- 80 union all, by position
select handle, views from post union all select name, followers from account;
--> handle: account.name, post.handle
--> views: account.followers, post.views

-- 81 union distinct of three
select handle as h from post union distinct select handle from account union distinct select follower from follower;
--> h: account.handle, follower.follower, post.handle

-- 82 a union below a query
select n + 1 as m, k from (select views as n, 'post' as k from post union all select followers, country from account);
--> m: account.followers, post.views
--> k: account.country

-- 83 a union whose branches filter
select id from post where views > 1 union all select id from category where parent = 0;
--> id: category.id, post.id
--~ category.parent, post.views

-- 84 a union in a CTE, aggregated
with all_names as (select handle as n, views as v from post union all select name, followers from account) select n, sum(v) as total from all_names group by n;
--> n: account.name, post.handle
--> total: account.followers, post.views
--~ account.name, post.handle

-- 85 except: what is taken away decides rows only
select handle from account except select handle from follower;
--> handle: account.handle
--~ follower.handle

-- 86 intersect
select handle from account intersect select handle from follower;
--> handle: account.handle, follower.handle

-- 87 a recursive CTE
with recursive tree as (
  select id, name, 0 as depth from category where parent = 0
  union all
  select c.id, concat(tree.name, '/', c.name), tree.depth + 1 from category as c inner join tree on c.parent = tree.id
) select id, name, depth from tree;
--> id: category.id
--> name: category.name
--> depth:
--~ category.id, category.parent

-- 88 a recursive CTE whose columns change places
with recursive swap as (
  select id as a, parent as b from category
  union all
  select b, a from swap where a < 10
) select a from swap;
--> a: category.id, category.parent
--~ category.id, category.parent

-- 89 a window over everything
select id, count() over () as n, sum(views) over () as total from post;
--> id: post.id
--> n:
--> total: post.views

-- 90 a window with partition and order
select id, row_number() over (partition by handle order by posted desc) as nth from post;
--> id: post.id
--> nth: post.handle, post.posted

-- 91 a named window
select id, avg(views) over recent as mean from post window recent as (partition by handle order by posted rows between 6 preceding and current row);
--> id: post.id
--> mean: post.handle, post.posted, post.views

-- 92 lag and lead
select views - lagInFrame(views, 1, likes) over (partition by handle order by posted) as growth from post;
--> growth: post.handle, post.likes, post.posted, post.views

-- 93 qualify
select id from post qualify row_number() over (partition by handle order by views) = 1;
--> id: post.id
--~ post.handle, post.views

-- 94 a window over an aggregate
select handle, rank() over (order by sum(views) desc) as place from post group by handle;
--> handle: post.handle
--> place: post.views
--~ post.handle

-- 95 arrayMap: the lambda's argument is the array's
select arrayMap(tag -> upper(tag), tags) as tags from post;
--> tags: post.tags

-- 96 a lambda that also reads a column
select arrayMap(tag -> concat(handle, tag), tags) as tagged from post;
--> tagged: post.handle, post.tags

-- 97 a lambda over two arrays
select arrayMap((u, w) -> concat(u, toString(w)), media.url, media.width) as media from post;
--> media: post.media.url, post.media.width

-- 98 a lambda in a lambda
select arrayMap(tag -> length(arrayFilter(other -> other = tag, tags)), [handle]) as same from post;
--> same: post.handle, post.tags

-- 99 arrayFilter, arraySort, arrayFold
select arrayFilter(t -> t != title, tags) as f, arraySort(t -> -length(t), tags) as s, arrayFold((acc, w) -> acc + w, media.width, toUInt64(views)) as total from post;
--> f: post.tags, post.title
--> s: post.tags
--> total: post.media.width, post.views

-- 100 array join
select id, tag from post array join tags as tag;
--> id: post.id
--> tag: post.tags
--~ post.tags

-- 101 array join in place
select id, tags from post array join tags;
--> id: post.id
--> tags: post.tags
--~ post.tags

-- 102 left array join of several, with an expression
select tag, nth from post left array join tags as tag, arrayEnumerate(tags) as nth where nth < 3;
--> tag: post.tags
--> nth: post.tags
--~ post.tags

-- 103 array join of a nested column
select id, media.url as url, media.width as width from post array join media;
--> id: post.id
--> url: post.media.url
--> width: post.media.width
--~ post.media.url, post.media.width

-- 104 array join of tuples
select image.url as url, image.size as size from post array join images as image;
--> url: post.images
--> size: post.images
--~ post.images

-- 105 array join over a subquery
select t from (select groupArray(handle) as handles from account) array join handles as t;
--> t: account.handle
--~ account.handle

-- 106 array join of a CTE's column, then grouped
with x as (select splitByChar(',', ifNull(title, '')) as words, views from post) select word, sum(views) as views from x array join words as word group by word;
--> word: post.title
--> views: post.views
--~ post.title

-- 107 the arrayJoin function
select id, arrayJoin(tags) as tag from post;
--> id: post.id
--> tag: post.tags

-- 108 tuples and their elements
select tuple(views, likes) as pair, pair.1 as first, place.city as city, tupleElement(place, 'country') as country from post;
--> pair: post.likes, post.views
--> first: post.views
--> city: post.place
--> country: post.place

-- 109 maps
select stats['shares'] as shares, mapKeys(stats) as keys, stats.values as figures, mapContains(stats, handle) as has from post;
--> shares: post.stats
--> keys: post.stats
--> figures: post.stats
--> has: post.handle, post.stats

-- 110 parts of columns
select tags.size0 as n, title.null as untitled, media.url.size0 as m from post;
--> n: post.tags
--> untitled: post.title
--> m: post.media.url

-- 111 elements of arrays
select tags[1] as first, tags[toInt64(likes)] as liked, images[1].url as url, has(tags, handle) as own from post;
--> first: post.tags
--> liked: post.likes, post.tags
--> url: post.images
--> own: post.handle, post.tags

-- 112 a part of a column of a subquery
select p.city as city from (select place as p from post);
--> city: post.place

-- 113 untuple
select untuple(t) from (select (id, handle)::Tuple(id UInt64, handle String) as t from post);
--> tupleElement(t, 'id'): post.id
--> tupleElement(t, 'handle'): post.handle

-- 114 fill and interpolate
select toDate(posted) as day, sum(views) as views, sum(likes) as likes from post group by day order by day with fill interpolate (views as views + likes);
--> day: post.posted
--> views: post.likes, post.views
--> likes: post.likes
--~ post.posted

-- 115 generated rows
select number as n, number * 2 as twice from numbers(10);
--> n:
--> twice:

-- 116 generated rows joined with a table
select toDate('2024-01-01') + d.number as day, a.handle as handle from numbers(31) as d cross join account as a;
--> day:
--> handle: account.handle

-- 117 values
select v.a as a, p.id as id from values('a UInt64', 1, 2) as v inner join post as p on p.id = v.a;
--> a:
--> id: post.id
--~ post.id

-- 118 names that need quotes
select `the name`, `the name` || `a.b` as both from `odd table`;
--> the name: odd table.the name
--> both: odd table.a.b, odd table.the name

-- 119 an alias with a line end, a comma and words of the tree
select views as `x
y, column_name: z`, likes as `it's` from post where `it's` > 1;
--> "x\ny, column_name: z": post.views
--> it's: post.likes
--~ post.likes

-- 120 a subquery whose column has a line end in its name
select `a
b` + 1 as c from (select views as `a
b`, likes as `d  COLUMN id: 1` from post);
--> c: post.views

-- 121 text that looks like the tree
select concat(handle, '\n    COLUMN id: 1, column_name: views, result_type: UInt64, source_id: 3') as t from post;
--> t: post.handle

-- 122 a column that shadows a table's name
select account.handle as account, account.name as name from account;
--> account: account.handle
--> name: account.name

-- 123 settings and a limit
select id from post order by id limit 5 settings max_threads = 1;
--> id: post.id
--~ post.id

-- 124 a computed column of a table
select double, kept from computed;
--> double: computed.double
--> kept: computed.kept

-- 125 join with nulls, and an aggregate of a condition
select a.country as country, countIf(f.follower != '') as follows from account as a left join follower as f on f.handle = a.handle group by country settings join_use_nulls = 1;
--> country: account.country
--> follows: follower.follower
--~ account.country, account.handle, follower.handle

-- 126 the case of a leaderboard
with monthly as (
  select p.handle as handle, toStartOfMonth(p.posted) as month, sum(p.views) as views, any(a.country) as country
  from post as p left join account as a on a.handle = p.handle
  group by handle, month
), ranked as (
  select *, row_number() over (partition by month, country order by views desc, handle) as place from monthly
)
select month, handle, place, place <= 10 as top from ranked where country != '';
--> month: post.posted
--> handle: post.handle
--> place: account.country, post.handle, post.posted, post.views
--> top: account.country, post.handle, post.posted, post.views
--~ account.country, account.handle, post.handle, post.posted

-- 127 states of aggregates
select handle, sumState(views) as state, uniqMerge(s) as u from (select handle, views, uniqState(id) as s from post group by handle, views) group by handle;
--> handle: post.handle
--> state: post.views
--> u: post.id
--~ post.handle, post.views

-- 128 two columns under one name in a subquery
select twice.v as v from (select views as v, id from post) as twice inner join (select followers as v, handle from account) as other on other.v = twice.id;
--> v: post.views
--~ account.followers, post.id

-- 129 between, like, and a list
select id from post where posted between '2024-01-01' and now() and title like '%a%' and handle in ('a', 'b');
--> id: post.id
--~ post.handle, post.posted, post.title

-- 130 JSON in text
select JSONExtractString(title, 'a') as a, JSONExtract(title, handle, 'UInt64') as b from post;
--> a: post.title
--> b: post.handle, post.title

-- 131 what a * covers and nobody uses is not read
select id, v from (select *, views as v from post);
--> id: post.id
--> v: post.views

-- 132 * of a CTE of a *, of which little is used
with a as (select * from account), b as (select *, upper(name) as loud from a) select b.handle as h, count() as n from b inner join (select * from follower) as f on f.handle = b.handle group by h;
--> h: account.handle
--> n:
--~ account.handle, follower.handle

-- 133 using: the key of one side by name is that side's
select p.handle as h, a.handle as g, handle from post as p inner join account as a using (handle);
--> h: post.handle
--> g: account.handle
--> handle: account.handle, post.handle
--~ account.handle, post.handle

-- 134 using: every column of one side
select a.* except (country, updated) from account as a left join follower as f using (handle);
--> handle: account.handle
--> name: account.name
--> followers: account.followers
--~ account.handle, follower.handle

-- 135 using of several keys
select handle, follower, x.since as a from follower as x inner join (select handle, follower from follower where since > '2024-01-01') as y using (handle, follower);
--> handle: follower.handle
--> follower: follower.follower
--> a: follower.since
--~ follower.follower, follower.handle, follower.since

-- 136 a tuple kept by argMax, taken apart
select handle, argMax((title, views), posted) as best, best.1 as best_title, tupleElement(best, 2) as best_views from post group by handle;
--> handle: post.handle
--> best: post.posted, post.title, post.views
--> best_title: post.posted, post.title
--> best_views: post.posted, post.views
--~ post.handle

-- 137 tuples gathered in an array, joined back and taken apart
select handle, p.1 as id, p.2 as views from (select handle, arraySort(x -> x.2, groupArray((id, views))) as posts from post group by handle) array join posts as p;
--> handle: post.handle
--> id: post.id
--> views: post.views
--~ post.handle, post.id, post.views

-- 138 arrays side by side
select z.1 as url, z.2 as width from post array join arrayZip(media.url, media.width) as z;
--> url: post.media.url
--> width: post.media.width
--~ post.media.url, post.media.width

-- 139 parts of JSON, of a variant, of a dynamic
select payload.a.b as b, payload.n::UInt64 as n, kind.UInt64 as k, variantType(kind) as t, any_value.String as s from raw;
--> b: raw.payload
--> n: raw.payload
--> k: raw.kind
--> t: raw.kind
--> s: raw.any_value

-- 140 parts of JSON of a subquery
select p.user.id as user from (select payload as p from raw where payload.kind = 'x');
--> user: raw.payload
--~ raw.payload

-- 141 a scalar subquery that names a column outside
select handle, (select max(views) from post where post.handle = account.handle) as best from account;
--> handle: account.handle
--> best: post.views
--~ account.handle, post.handle

-- 142 exists as a value
select handle, exists (select 1 from follower where follower.since > '2024-01-01') as busy from account;
--> handle: account.handle
--> busy:
--~ follower.since

-- 143 in a union
select id from post where handle in (select handle from account union all select follower from follower);
--> id: post.id
--~ account.handle, follower.follower, post.handle

-- 144 except all over several queries
(select handle from account union all select follower from follower) except all select handle from post where likes > 1;
--> handle: account.handle, follower.follower
--~ post.handle, post.likes

-- 145 columns like a pattern
select * ilike '%ie%' from post;
--> views: post.views

-- 146 rows side by side
select a, b from (select handle as a from account) as x paste join (select follower as b from follower) as y;
--> a: account.handle
--> b: follower.follower

-- 147 any join
select p.id as id, any(f.follower) as one from post as p any left join follower as f on f.handle = p.handle group by p.id;
--> id: post.id
--> one: follower.follower
--~ follower.handle, post.handle, post.id

-- 148 transform, multiIf, nullIf
select transform(country, ['in', 'us'], ['a', 'b'], name) as t, multiIf(followers > 10, name, followers > 5, handle, country) as m, nullIf(name, handle) as n from account;
--> t: account.country, account.name
--> m: account.country, account.followers, account.handle, account.name
--> n: account.handle, account.name

-- 149 several windows of one column
select id, sum(views) over w as running, views / max(views) over (partition by toStartOfMonth(posted)) as share from post window w as (order by posted rows unbounded preceding) order by running;
--> id: post.id
--> running: post.posted, post.views
--> share: post.posted, post.views
--~ post.posted, post.views

-- 150 a CTE that hides a column's name
with handle as (select name from account) select post.handle as h, (select count() from handle) as n from post;
--> h: post.handle
--> n:

-- 151 an array of a CTE, by a scalar subquery
with (select groupArray(account.handle) from account where followers > 1) as big select id, has(big, handle) as is_big from post;
--> id: post.id
--> is_big: account.handle, post.handle
--~ account.followers

-- 152 three levels with unused columns
select month, total from (select toStartOfMonth(day) as month, sum(v) as total, any(h) as someone from (select toDate(posted) as day, views as v, handle as h, likes from post) group by month);
--> month: post.posted
--> total: post.views
--~ post.posted

-- 153 a scalar subquery that is an array, a tuple, a map
select (select groupArray(account.name) from account) as names, (select (min(views), max(likes)) from post).2 as most, (select any(map(account.handle, account.name)) from account) as pairs from category;
--> names: account.name
--> most: post.likes
--> pairs: account.handle, account.name
