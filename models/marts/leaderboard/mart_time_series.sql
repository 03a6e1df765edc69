{{config
  materialized="incremental"
  engine="ReplacingMergeTree()"
  order_by="(profile_id, date)"
  unique_key=(list "profile_id" "date")
  partition_by="toYYYYMM(date)"
  tags="core"
}}
select
    snapshots.profile_id as profile_id,
    toDate(snapshots.created_at) as date,
    -- A day's views stand for the audience of a channel whose subscribers are not known.
    argMax(coalesce(snapshots.subscribers, snapshots.views), snapshots.created_at) as followers,
    toUInt64(0) as following,
    argMax(snapshots.uploads, snapshots.created_at) as posts,
    max(snapshots.created_at) as last_updated
from {{ref "stg_beat_youtube_account" final=true}} as snapshots
{{#if (is_incremental)}}
where snapshots.created_at > (select max(last_updated) from {{this}}) - interval 4 hour
{{/if}}
group by profile_id, date
