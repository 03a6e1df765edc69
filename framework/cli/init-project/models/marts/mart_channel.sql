{{config order_by="rank"}}
select
    channel,
    count() as videos,
    sum(views) as total_views,
    max(published_on) as last_published_on,
    row_number() over (order by total_views desc, channel) as rank
from {{ref "stg_video"}}
group by channel
having total_views >= {{var "min_views"}}
