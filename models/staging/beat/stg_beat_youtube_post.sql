{{config
  materialized="incremental"
  incremental_strategy="insert_overwrite"
  partition_by="toYYYYMM(snapshot_date)"
  order_by="(video_id, snapshot_date)"
  tags="core"
}}
with stats as (
    select distinct
        video_id,
        {{> spreadsheet_date column="trending_date"}} as snapshot_date,
        channel_title,
        category_id,
        publish_time,
        views,
        likes,
        comment_count
    from {{ref "youtube_trending_in_stats"}}
    where match(video_id, '^[A-Za-z0-9_-]{11}$')
),

titles as (
    select video_id, any(title) as title
    from {{ref "youtube_trending_in_titles"}}
    where match(video_id, '^[A-Za-z0-9_-]{11}$')
    group by video_id
)

select
    stats.video_id as video_id,
    stats.snapshot_date as snapshot_date,
    {{> youtube_profile_id column="argMax(stats.channel_title, stats.views)"}} as profile_id,
    any(titles.title) as title,
    argMax(stats.category_id, stats.views) as category_id,
    max(stats.views) as views,
    argMax(stats.likes, stats.views) as likes,
    argMax(stats.comment_count, stats.views) as comments,
    position(lowerUTF8(any(titles.title)), '#shorts') > 0 as is_short,
    toDateTime(min(stats.publish_time), 'UTC') as timestamp
from stats
left join titles on titles.video_id = stats.video_id
{{#if (is_incremental)}}
where stats.snapshot_date >= (select toStartOfMonth(max(snapshot_date)) from {{this}})
{{/if}}
group by stats.video_id, stats.snapshot_date
