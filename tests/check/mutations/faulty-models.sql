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
