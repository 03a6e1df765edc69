{{config materialized="table" order_by="profile_id" tags="core,hourly"}}
with base_accounts as (
    select
        snapshots.profile_id as profile_id,
        argMax(snapshots.title, snapshots.created_at) as title,
        argMax(snapshots.category_id, snapshots.created_at) as category_id,
        argMax(snapshots.language, snapshots.created_at) as language,
        argMax(snapshots.subscribers, snapshots.created_at) as subscribers,
        max(snapshots.uploads) as uploads,
        max(snapshots.created_at) as last_updated
    from {{ref "stg_beat_youtube_account" final=true}} as snapshots
    where snapshots.profile_id != ''
    group by snapshots.profile_id
),

post_stats as (
    select
        posts.profile_id as profile_id,
        count() as total_posts_30d,
        avg(posts.likes) as avg_likes,
        avg(posts.comments) as avg_comments,
        avg(posts.views) as avg_views,
        sum(posts.likes) as total_likes,
        sum(posts.comments) as total_comments
    from {{ref "mart_youtube_post"}} as posts
    where posts.last_trending_date > (select max(last_trending_date) from {{ref "mart_youtube_post"}}) - {{var "statistics_days"}}
    group by posts.profile_id
),

reach as (
    -- What a video of the channel reaches: stands for the audience where no subscriber count is known.
    select posts.profile_id as profile_id, toUInt64(quantileExact(0.5)(posts.views)) as median_views
    from {{ref "mart_youtube_post"}} as posts
    group by posts.profile_id
),

accounts as (
    select
        base_accounts.profile_id as profile_id,
        base_accounts.title as title,
        if(categories.title = '', 'Other', categories.title) as category,
        base_accounts.language as language,
        coalesce(base_accounts.subscribers, reach.median_views) as followers_count,
        base_accounts.uploads as uploads,
        post_stats.total_posts_30d as total_posts_30d,
        post_stats.avg_likes as avg_likes,
        post_stats.avg_comments as avg_comments,
        post_stats.avg_views as avg_views,
        post_stats.total_likes as total_likes,
        post_stats.total_comments as total_comments,
        base_accounts.last_updated as last_updated
    from base_accounts
    left join post_stats on post_stats.profile_id = base_accounts.profile_id
    left join reach on reach.profile_id = base_accounts.profile_id
    left join {{ref "youtube_category_in"}} as categories on categories.category_id = base_accounts.category_id
),

engagement as (
    select
        accounts.profile_id as profile_id,
        if(accounts.followers_count = 0, 0, (accounts.avg_likes + accounts.avg_comments) / accounts.followers_count * 100) as engagement_rate
    from accounts
),

rankings as (
    select
        accounts.profile_id as profile_id,
        row_number() over (order by accounts.followers_count desc, accounts.profile_id) as followers_rank,
        row_number() over (partition by accounts.category order by accounts.followers_count desc, accounts.profile_id) as followers_rank_by_cat,
        row_number() over (partition by accounts.language order by accounts.followers_count desc, accounts.profile_id) as followers_rank_by_lang,
        row_number() over (order by engagement.engagement_rate desc, accounts.profile_id) as engagement_rank
    from accounts
    inner join engagement on engagement.profile_id = accounts.profile_id
)

select
    accounts.profile_id as profile_id,
    accounts.title as title,
    accounts.category as category,
    accounts.language as language,
    accounts.followers_count as followers_count,
    accounts.uploads as uploads,
    accounts.total_posts_30d as total_posts_30d,
    accounts.avg_likes as avg_likes,
    accounts.avg_comments as avg_comments,
    accounts.avg_views as avg_views,
    accounts.total_likes as total_likes,
    accounts.total_comments as total_comments,
    engagement.engagement_rate as engagement_rate,
    {{> engagement_grade rate="engagement.engagement_rate"}} as engagement_rate_grade,
    rankings.followers_rank as followers_rank,
    rankings.followers_rank_by_cat as followers_rank_by_cat,
    rankings.followers_rank_by_lang as followers_rank_by_lang,
    rankings.engagement_rank as engagement_rank,
    accounts.last_updated as last_updated
from accounts
inner join engagement on engagement.profile_id = accounts.profile_id
inner join rankings on rankings.profile_id = accounts.profile_id
