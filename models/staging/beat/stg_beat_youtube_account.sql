{{config
  materialized="incremental"
  engine="ReplacingMergeTree"
  partition_by="toYYYYMM(created_at)"
  order_by="(profile_id, created_at)"
  unique_key=(list "profile_id" "created_at")
  tags="core"
}}
with trending as (
    -- One row for a video and day: exact duplicates and double counts of the source fall together.
    select
        {{> youtube_profile_id column="stats.channel_title"}} as profile_id,
        stats.video_id as video_id,
        {{> spreadsheet_date column="stats.trending_date"}} as snapshot_date,
        any(trimBoth(stats.channel_title)) as channel_title,
        any(stats.category_id) as category_id,
        max(stats.views) as views
    from {{ref "youtube_trending_in_stats"}} as stats
    where match(stats.video_id, '^[A-Za-z0-9_-]{11}$')
    group by profile_id, video_id, snapshot_date
),

uploads as (
    select
        first_seen.profile_id as profile_id,
        first_seen.first_date as first_date,
        sum(count()) over (partition by first_seen.profile_id order by first_seen.first_date) as uploads
    from (
        select trending.profile_id as profile_id, trending.video_id as video_id, min(trending.snapshot_date) as first_date
        from trending
        group by profile_id, video_id
    ) as first_seen
    group by profile_id, first_date
),

snapshots as (
    select
        trending.profile_id as profile_id,
        trending.snapshot_date as snapshot_date,
        argMax(trending.channel_title, trending.views) as title,
        argMax(trending.category_id, trending.views) as category_id,
        sum(trending.views) as views
    from trending
    {{#if (is_incremental)}}
    where toDateTime(trending.snapshot_date, 'UTC') > (select max(created_at) from {{this}}) - interval 4 hour
    {{/if}}
    group by profile_id, snapshot_date
),

languages as (
    select
        {{> youtube_profile_id column="stats.channel_title"}} as profile_id,
        topK(1)({{> script_language column="titles.title"}})[1] as language
    from {{ref "youtube_trending_in_titles"}} as titles
    inner join {{ref "youtube_trending_in_stats"}} as stats
        on stats.video_id = titles.video_id and stats.trending_date = titles.trending_date
    where match(titles.video_id, '^[A-Za-z0-9_-]{11}$')
    group by profile_id
)

select
    snapshots.profile_id as profile_id,
    snapshots.title as title,
    snapshots.category_id as category_id,
    if(languages.language = '', {{> script_language column="snapshots.title"}}, languages.language) as language,
    -- The source knows no subscriber counts.
    cast(null as Nullable(UInt64)) as subscribers,
    snapshots.views as views,
    uploads.uploads as uploads,
    toDateTime(snapshots.snapshot_date, 'UTC') as created_at
from snapshots
asof join uploads on uploads.profile_id = snapshots.profile_id and uploads.first_date <= snapshots.snapshot_date
left join languages on languages.profile_id = snapshots.profile_id
