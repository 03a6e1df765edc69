select max(rank) as last, count() as channels
from {{ref "mart_channel"}}
having last != channels
