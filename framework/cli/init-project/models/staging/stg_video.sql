select distinct
    video_id,
    initcapUTF8(trimBoth(channel)) as channel,
    published_on,
    ifNull(views, 0) as views
from {{ref "video"}}
