{{config materialized="table" order_by="(platform, month, followers_rank)" tags="leaderboard"}}
select
    platform,
    profile_id,
    followers_rank,
    followers_rank_by_cat,
    followers_rank_by_lang,
    engagement_rate_rank,
    month
from {{ref "mart_youtube_leaderboard"}}
