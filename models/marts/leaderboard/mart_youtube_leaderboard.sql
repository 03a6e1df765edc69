{{config materialized="table" order_by="(month, followers_rank)" tags="leaderboard"}}
with audience as (
    select
        days.profile_id as profile_id,
        toStartOfMonth(days.date) as month,
        toUInt64(avg(days.followers)) as followers
    from {{ref "mart_time_series" final=true}} as days
    group by profile_id, month
),

engagement as (
    select
        posts.profile_id as profile_id,
        toStartOfMonth(posts.last_trending_date) as month,
        avg(posts.likes + posts.comments) as avg_interactions
    from {{ref "mart_youtube_post"}} as posts
    group by profile_id, month
),

monthly as (
    select
        audience.profile_id as profile_id,
        audience.month as month,
        audience.followers as followers,
        accounts.category as category,
        accounts.language as language,
        if(audience.followers = 0, 0, engagement.avg_interactions / audience.followers * 100) as engagement_rate
    from audience
    inner join {{ref "mart_youtube_account"}} as accounts on accounts.profile_id = audience.profile_id
    left join engagement on engagement.profile_id = audience.profile_id and engagement.month = audience.month
)

select
    'YOUTUBE' as platform,
    profile_id,
    month,
    category,
    language,
    followers,
    engagement_rate,
    row_number() over (partition by month order by followers desc, profile_id) as followers_rank,
    row_number() over (partition by month, category order by followers desc, profile_id) as followers_rank_by_cat,
    row_number() over (partition by month, language order by followers desc, profile_id) as followers_rank_by_lang,
    row_number() over (partition by month order by engagement_rate desc, profile_id) as engagement_rate_rank
from monthly
