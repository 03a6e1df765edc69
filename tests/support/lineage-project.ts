/** A project whose columns go all the way: API, flow, sink, source, models of several kinds, sync, exposure. */
export const lineageProject: Readonly<Record<string, string>> = {
  'project.yaml': 'name: shop\ntargets: { dev: {} }\n',
  'sources/apis/graphapi.yaml': 'kind: api\nname: graphapi\nbase_url: https://graph.example.com\n',
  'sources/beat.yaml': `kind: source
name: beat
database: _e
tables:
  - name: profile_log
    columns:
      - { name: event_id, type: String }
      - { name: profile_id, type: String }
      - { name: followers, type: UInt64 }
      - { name: metrics, type: String }
      - { name: received_at, type: DateTime }
`,
  'flows/refresh_profile.yaml': `kind: flow
name: refresh_profile
params: { handle: string }
retrieve: { api: graphapi, path: '/{handle}' }
output: { id: string, followers: integer, likes: integer, bio: string? }
process:
  - emit:
      routing_key: profile_log
      exchange: beat.dx
      body: { profile_id: record.id, followers: record.followers, metrics: { likes: record.likes, name: '"x"' } }
`,
  'sinks/profile_log.yaml': `kind: sink
name: profile_log
queue: { name: profile_log_q, exchange: beat.dx, routing_keys: [profile_log] }
to: { clickhouse: _e.profile_log }
columns:
  event_id: { type: String, delivery: message_id }
  profile_id: String
  followers: UInt64
  metrics: { type: String, as: json }
  received_at: { type: DateTime, value: now }
`,
  'models/staging/stg_profile.sql': `{{config materialized="ephemeral"}}
select *, JSONExtractUInt(metrics, 'likes') as likes from {{source "beat" "profile_log"}}`,
  'models/marts/mart_daily.sql': `{{config materialized="incremental" order_by="(profile_id, day)" unique_key=(list "profile_id" "day")}}
select profile_id, toDate(received_at) as day, argMax(followers, received_at) as followers, max(likes) as likes
from {{ref "stg_profile"}}
{{#if (is_incremental)}}where received_at > (select max(day) from {{this}}){{/if}}
group by profile_id, day`,
  'models/marts/mart_rank.sql': `{{config materialized="table" order_by="followers_rank"}}
select profile_id, followers, likes / followers as ratio, row_number() over (order by followers desc) as followers_rank
from {{ref "mart_daily"}}
where day = today()`,
  'models/marts/marts.yaml': `kind: models
exposures:
  - { name: board, type: dashboard, owner: { name: ana }, depends_on: [mart_rank] }
`,
  'sinks/rank.yaml': `kind: sync
name: rank
from: mart_rank
to: rank
columns:
  - profile_id
  - { name: position, from: followers_rank }
  - { name: updated_at, type: timestamptz, fill: now() }
primary_key: [profile_id]
`,
};
