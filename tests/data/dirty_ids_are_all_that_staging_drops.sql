-- Every video and day of the source is in staging, but for the ids that a spreadsheet destroyed.
select distinct source.video_id as video_id, source.trending_date as trending_date
from {{ref "youtube_trending_in_stats"}} as source
left anti join {{ref "stg_beat_youtube_post"}} as staging
    on staging.video_id = source.video_id and staging.snapshot_date = {{> spreadsheet_date column="source.trending_date"}}
where source.video_id not in ('#NAME?', '#VALUE!')
