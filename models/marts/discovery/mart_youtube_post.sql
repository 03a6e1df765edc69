{{config
  materialized="incremental"
  incremental_strategy="delete_insert"
  unique_key="video_id"
  partition_by="toYYYYMM(timestamp)"
  order_by="(profile_id, video_id)"
  tags="core"
}}
select
    posts.video_id as video_id,
    argMax(posts.profile_id, posts.snapshot_date) as profile_id,
    argMax(posts.title, posts.snapshot_date) as title,
    argMax(posts.category_id, posts.snapshot_date) as category_id,
    if(argMax(categories.title, posts.snapshot_date) = '', 'Other', argMax(categories.title, posts.snapshot_date)) as category,
    argMax(posts.views, posts.snapshot_date) as views,
    argMax(posts.likes, posts.snapshot_date) as likes,
    argMax(posts.comments, posts.snapshot_date) as comments,
    max(posts.is_short) as is_short,
    min(posts.timestamp) as timestamp,
    count() as trending_days,
    min(posts.snapshot_date) as first_trending_date,
    max(posts.snapshot_date) as last_trending_date
from {{ref "stg_beat_youtube_post"}} as posts
left join {{ref "youtube_category_in"}} as categories on categories.category_id = posts.category_id
{{#if (is_incremental)}}
where posts.video_id in (
    select video_id
    from {{ref "stg_beat_youtube_post"}}
    where snapshot_date >= (select max(last_trending_date) from {{this}}) - 1
)
{{/if}}
group by posts.video_id
