=== a joined subquery without a name
select
    order_id,
    full_name
from {{ref "stg_orders"}}
left join (
    select
        customer_id,
        full_name
    from {{ref "stg_customers"}}
) --!
using (customer_id)
=== a joined subquery without a name, and a mistake in it
select
    order_id,
    full_name
from {{ref "stg_orders"}}
left join (
    select
        customer_id,
        full_nam as full_name --!
    from {{ref "stg_customers"}}
) --!
using (customer_id)
=== a column that the subquery of a join does not return
select
    order_id,
    c.full_name as full_name
from {{ref "stg_orders"}}
left join (
    select full_name
    from {{ref "stg_customers"}}
) as c
using (customer_id) --!
=== a function with a dot
select
    order_id,
    dbo.to_state(state) as state --!
from {{ref "stg_orders"}}
=== a column of merge(…)
select
    count() as orders,
    max(order_idd) as last_order --!
from merge('dbt', '^stg_orders$')
=== merge(…) of no table
select
    count() as orders
from merge('dbt', '^nothing$') --!
=== merge(…) of no database
select
    count() as orders
from merge('nowhere', '^stg_orders$') --!
=== an argument of a table function
select
    number
from numbers('x') --!
=== a table function that does not exist
select
    number
from numberss(10) --!
=== rows of values(…)
select
    a
from values('a UInt8, b String', (1, 'x'), (2)) --!
=== a view(…) with a mistake
select
    orders
from view(
    select count(order_idd) as orders --!
    from {{ref "stg_orders"}})
=== a function that is applied
select
    columns('order_id|amount') apply(summ) --!
from {{ref "stg_orders"}}
=== a dictionary that does not exist
select
    order_id,
    dictGet(dbt.nobody, 'full_name', customer_id) as full_name --!
from {{ref "stg_orders"}}
=== an attribute that a dictionary does not have
select
    order_id,
    dictGet({{ref "customer_names"}}, 'full_nam', customer_id) as full_name --!
from {{ref "stg_orders"}}
=== a window that is defined twice
select
    order_id,
    sum(amount) over w as spent
from {{ref "stg_orders"}}
window w as (partition by state),
    w as (partition by note) --!
=== a window function among conditions
select
    order_id
from {{ref "stg_orders"}}
where state = 'a'
    and row_number() over (order by order_id) = 1 --!
=== an aggregate among conditions
select
    customer_id
from {{ref "stg_orders"}}
where state = 'a'
    and count() > 3 --!
group by customer_id
=== the name of an aggregate among conditions
select
    customer_id,
    sum(amount) as spent
from {{ref "stg_orders"}}
where state = 'a'
    and spent > 1 --!
group by customer_id
=== a value of a setting
select
    order_id
from {{ref "stg_orders"}}
settings
    max_block_size = 1000,
    max_threads = 'many' --!
=== one of the values that a setting may have
select
    o.order_id as order_id
from {{ref "stg_orders"}} as o
inner join {{ref "stg_customers"}} as c using (customer_id)
settings join_algorithm = 'fast' --!
=== a type that cannot be nullable
select
    order_id,
    tags::Nullable(Array(String)) as tags --!
from {{ref "stg_orders"}}
=== FINAL of a subquery
select
    order_id
from (
    select order_id from {{ref "stg_orders"}}
) final --!
=== a step of nothing
select
    ordered_on
from {{ref "stg_orders"}}
order by
    ordered_on with fill step 0 --!
=== an unknown column in ROLLUP alone
select
    state,
    count() as orders
from {{ref "stg_orders"}}
group by rollup(stat) --!
=== a subquery of too many columns behind IN
select
    order_id
from {{ref "stg_orders"}}
where state = 'a'
    and customer_id in (
        select
            customer_id,
            full_name --!
        from {{ref "stg_customers"}}
    )
=== a subquery of too few columns behind NOT IN
select
    order_id
from {{ref "stg_orders"}}
where (customer_id, order_id) not in (
    select customer_id --!
    from {{ref "stg_customers"}}
)
=== a name of WITH behind IN
with named as (
    select customer_id, full_name
    from {{ref "stg_customers"}}
)
select
    order_id
from {{ref "stg_orders"}}
where state = 'a'
    and customer_id in named --!
=== an array among numbers
select
    order_id
from {{ref "stg_orders"}}
where order_id > 1
    and tags in (select customer_id from {{ref "stg_customers"}}) --!
=== one value for a key of two columns
select
    order_id,
    dictGet({{ref "names_by_country"}}, 'full_name', customer_id) as full_name --!
from {{ref "stg_orders"}}
=== three values for a key of two columns
select
    order_id,
    dictGet({{ref "names_by_country"}}, 'full_name', (customer_id, state, 1)) as full_name --!
from {{ref "stg_orders"}}
=== a key of two columns in another order
select
    order_id,
    dictGetOrDefault(
        {{ref "names_by_country"}},
        'full_name',
        (state, customer_id), --!
        'nobody') as full_name
from {{ref "stg_orders"}}
=== a text for a key that is a number
select
    event_id
from {{ref "stg_events"}}
where price > 1
    and dictHas({{ref "customer_names"}}, kind) --!
=== a column that EXCEPT takes away from nothing
select
    * except (
        note,
        tagss --!
    )
from {{ref "stg_orders"}}
=== a column of a table that EXCEPT takes away from nothing
select
    o.* except nott, --!
    1 as one
from {{ref "stg_orders"}} as o
=== a column that REPLACE does not find
select
    * replace (lower(state) as stat) --!
from {{ref "stg_orders"}}
=== a pattern that no column matches
select
    order_id,
    columns('^amountt') --!
from {{ref "stg_orders"}}
=== days that no calendar has
select
    order_id
from {{ref "stg_orders"}}
where ordered_on >= toDate('2024-02-30') --!
    and ordered_on < '2024-13-01'::Date --!
    and ordered_on not in ('2024-01-01', '2023-02-29') --!
    and ordered_at < '2024-02-28 24:30:00' --!
=== a pattern that is none
select
    event_id
from {{ref "stg_events"}}
where price > 1
    and match(kind, '(click') --!
=== a pattern that escapes nothing
select
    event_id
from {{ref "stg_events"}}
where price > 1
    and kind like 'click\\' --!
=== gaps of texts to fill
select
    state
from {{ref "stg_orders"}}
order by
    state with fill --!
=== a range of texts
select
    order_id,
    sum(amount) over (
        partition by customer_id
        order by state
        range between 3 preceding and current row) as spent --!
from {{ref "stg_orders"}}
=== a format for clients
select
    order_id
from {{ref "stg_orders"}}
format JSONEachRow --!
=== a file of clients
select
    order_id
from {{ref "stg_orders"}}
into outfile 'orders.csv' --!
=== nothing wrong: sets, keys, dates, patterns and columns
with named as (
    select customer_id, full_name
    from {{ref "stg_customers"}}
)
select
    * except (note),
    dictGet({{ref "customer_names"}}, 'full_name', customer_id) as full_name,
    dictGet({{ref "customer_names"}}, 'full_name', toInt32(customer_id)) as again,
    dictGet({{ref "names_by_country"}}, 'full_name', (toNullable(customer_id), 'in')) as indian,
    sum(amount) over (order by ordered_on range between 7 preceding and current row) as week
from {{ref "stg_orders"}}
where customer_id in (select customer_id from named)
    and (customer_id, state) global not in (select toNullable(customer_id), full_name from named)
    and state in ('a', 'b')
    and not match(state, '^a(b|c)$')
    and state not like '100\\%'
    and ordered_on between '2024-02-29' and toDate('2024-12-31')
    and state != '0000-00-00'
order by ordered_on with fill from toDate('2024-01-01') to toDate('2024-01-05')
=== a branch of another type
select
    order_id,
    case
        when amount > 3 then 'a'
        when amount > 2 then 2 --!
        else 'c'
    end as class
from {{ref "stg_orders"}}
=== the first SELECT of a union is the odd one
select
    order_id,
    tags as what --!
from {{ref "stg_orders"}}
union all
select order_id, state from {{ref "stg_orders"}}
union all
select customer_id, full_name from {{ref "stg_customers"}}
=== values that do not go together, made of those of a subquery
with spending as (
    select
        customer_id,
        sum(amount) as spent
    from {{ref "stg_orders"}}
    group by customer_id
)
select
    customer_id,
    greatest(spent + 1, 'a') as most --!
from spending
=== a scale that is too large, of what a subquery returns
with spending as (
    select
        customer_id,
        sum(amount) as spent
    from {{ref "stg_orders"}}
    group by customer_id
)
select
    customer_id,
    toDecimal64(spent, 20) as spent --!
from spending
=== a unit that is none, of times that may be missing
select
    order_id,
    dateDiff('minuets', --!
        toDateTimeOrNull(note), ordered_at) as minutes
from {{ref "stg_orders"}}
=== a format that is none, of a time that may be missing
select
    order_id,
    formatDateTime(toDateTimeOrNull(note), '%Y-%') as month --!
from {{ref "stg_orders"}}
=== a pattern that is none, of a text that may be missing
select
    order_id,
    replaceRegexpAll(note, '(a', '') as bare, --!
    JSON_VALUE(note, '$.a[') as kind --!
from {{ref "stg_orders"}}
=== a column to join by that the left side does not have
select
    o.order_id as order_id,
    c.mail as mail
from {{ref "stg_orders"}} as o
inner join {{ref "stg_customers"}} as c
    using (mail) --!
=== a call in a subquery that is not closed
with named as (
    select
        customer_id,
        trim(concat(full_name, ' ', ifNull(mail, '')) as full_name, --!
        plan
    from {{ref "stg_customers"}}
)
select customer_id, full_name from named
=== a call in a subquery that is closed twice
with named as (
    select
        customer_id,
        upper(trim(full_name))) as full_name, --!
        plan
    from {{ref "stg_customers"}}
)
select customer_id from named
=== an operator in front of the next clause
select
    order_id
from {{ref "stg_orders"}}
where order_id = 5 and --!
group by order_id
=== a value that a setting of the config cannot have
{{config materialized="table" order_by="order_id"
    query_settings=(map max_block_size=1000 join_algorithm="fast")}} --!
select
    order_id
from {{ref "stg_orders"}}
=== a setting that is not there, of a table
{{config materialized="table" order_by="state"}}
select
    state,
    count() as orders
from {{ref "stg_orders"}}
group by state
settings max_thread = 2 --!
=== a column of the model that it does not return
{{config materialized="incremental" order_by="order_id"}}
select
    order_id
from {{ref "stg_orders"}}
{{#if (is_incremental)}}
where ordered_at > (select max(ordered_at) from {{this}}) --!
{{/if}}
=== nothing wrong: subqueries of the model itself
{{config materialized="incremental" order_by="order_id"}}
select
    order_id,
    state
from {{ref "stg_orders"}}
{{#if (is_incremental)}}
where order_id > (select max(t.order_id) from {{this}} as t where t.state = 'a')
    and state not in (select lower(state) as latest from {{this}} where order_id > 5 group by latest)
{{/if}}
=== a comma that is missing between two columns
select
    o.order_id --!
    customer_id,
    o.state
from {{ref "stg_orders"}} as o
=== nothing wrong: a name in a line of its own
select
    order_id
        number_of_order,
    o.state
from {{ref "stg_orders"}} as o
=== a column of the history that the snapshot adds itself
{{config materialized="snapshot" strategy="check" check_cols="all" unique_key="order_id"}}
select
    order_id,
    ordered_at as dbt_valid_from --!
from {{ref "stg_orders"}}
=== a setting of a SELECT that does not exist
select
    order_id,
    state
from {{ref "stg_orders"}}
settings max_threads = 2, max_thread = 2 --!
