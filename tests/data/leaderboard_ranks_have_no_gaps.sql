-- A month's ranks run from 1 to the number of its profiles.
select platform, month, count() as profiles, max(followers_rank) as last_rank, uniqExact(followers_rank) as ranks
from {{ref "mart_leaderboard"}}
group by platform, month
having profiles != last_rank or profiles != ranks
