{{config materialized="table" order_by="(genre, month, rank)" tags="genre"}}
with monthly as (
    select
        if(categories.title = '', 'Other', categories.title) as genre,
        toStartOfMonth(posts.snapshot_date) as month,
        posts.video_id as video_id,
        any(posts.profile_id) as profile_id,
        any(posts.title) as title,
        max(posts.views) as views,
        max(posts.likes) as likes,
        max(posts.comments) as comments,
        count() as trending_days
    from {{ref "stg_beat_youtube_post"}} as posts
    left join {{ref "youtube_category_in"}} as categories on categories.category_id = posts.category_id
    group by genre, month, video_id
)

select
    'YOUTUBE' as platform,
    genre,
    month,
    row_number() over (partition by genre, month order by views desc, video_id) as rank,
    video_id,
    profile_id,
    title,
    views,
    likes,
    comments,
    trending_days
from monthly
qualify rank <= {{var "genre_top"}}
