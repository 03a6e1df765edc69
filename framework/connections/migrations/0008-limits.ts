import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What a limiter in Redis must not forget, and all that the embedded one counts. */
export const limits: Migration = {
  up: async (db: Kysely<unknown>) => {
    // Counts up whenever Redis has lost its data.
    await sql`create table gccflow.limit_epoch (limiter text primary key, epoch bigint not null, began_at timestamptz not null)`.execute(
      db,
    );
    // Calls that may have been made, the last of them before `ended_at`.
    await sql`
      create table gccflow.limit_block (
        id bigint generated always as identity primary key, limiter text not null, key text not null, per_ms bigint not null,
        is_fixed boolean not null, calls bigint not null,
        reserved_at timestamptz not null default clock_timestamp(), ended_at timestamptz)`.execute(db);
    await sql`create index limit_block_level on gccflow.limit_block (limiter, key, per_ms, is_fixed)`.execute(db);
    await sql`
      create table gccflow.limit_closure (
        limiter text not null, key text not null, closed_until timestamptz not null, primary key (limiter, key))`.execute(db);
    await createEmbedded(db);
    await sql.raw(takeLimits).execute(db);
  },
};

/** Of each level its calls are numbered: the one that must be out of the window is found by its number. Times are microseconds. */
async function createEmbedded(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table gccflow.limit_level (
      id text collate "C" primary key, calls bigint not null default 0, last_at bigint not null default 0,
      window_start bigint not null default 0, window_calls bigint not null default 0, expires_at timestamptz not null default now())
    with (fillfactor = 50)`.execute(db);
  await sql`
    create table gccflow.limit_call (level text collate "C" not null, number bigint not null, at bigint not null, primary key (level, number))
    with (autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)`.execute(db);
  // At most so many calls until then; none for a key that is closed.
  await sql`
    create table gccflow.limit_hold (
      id bigint generated always as identity primary key, key text collate "C" not null, calls_left bigint not null, until bigint not null)`.execute(
    db,
  );
  await sql`create index limit_hold_key on gccflow.limit_hold (key)`.execute(db);
}

/**
 * Takes all levels of a call, or none. Levels come in the order of their ids, the common ones with choice -1; all are locked before the time
 * is read, so that times of a level only grow. Gives back the choice, or how long the level that frees last of the choice that frees first
 * takes, in microseconds.
 */
const takeLimits = `
create function gccflow.take_limits(
  ids text[], keys text[], requests bigint[], per_us bigint[], fixed boolean[], taken boolean[], choices int[], choice_count int,
  out admitted boolean, out choice int, out wait_us bigint, out level int)
language plpgsql as $$
declare
  now_us bigint; last_us bigint; locked int; found_at bigint; start_us bigint; one bigint; chosen int;
  waits bigint[] := array_fill(0::bigint, array[greatest(cardinality(ids), 1)]);
  state gccflow.limit_level; best bigint; best_level int; worst bigint; worst_level int;
begin
  loop
    insert into gccflow.limit_level (id) select distinct unnest(ids) order by 1 on conflict do nothing;
    select count(*), max(last_at) into locked, last_us
      from (select last_at from gccflow.limit_level where id = any (ids) order by id for update) as l;
    exit when locked = (select count(distinct id) from unnest(ids) as id);
  end loop;
  perform 1 from gccflow.limit_hold where key = any (keys) order by id for update;
  now_us := greatest((extract(epoch from clock_timestamp()) * 1000000)::bigint, coalesce(last_us, 0));
  for i in 1 .. cardinality(ids) loop
    select * into state from gccflow.limit_level where id = ids[i];
    one := 0;
    if fixed[i] then
      start_us := now_us - now_us % per_us[i];
      if state.window_start = start_us and state.window_calls >= requests[i] then one := start_us + per_us[i] - now_us; end if;
    else
      select at into found_at from gccflow.limit_call where limit_call.level = ids[i] and number = state.calls - requests[i] + 1;
      if found then one := greatest(0, found_at + per_us[i] - now_us); end if;
    end if;
    select greatest(one, coalesce(max(until) - now_us, 0)) into one
      from gccflow.limit_hold where key = keys[i] and calls_left <= 0 and until > now_us;
    waits[i] := one;
  end loop;

  worst := 0;
  for i in 1 .. cardinality(ids) loop
    if choices[i] = -1 and waits[i] > worst then worst := waits[i]; worst_level := i; end if;
  end loop;
  chosen := 0;
  for c in 0 .. choice_count - 1 loop
    one := 0; locked := null;
    for i in 1 .. cardinality(ids) loop
      if choices[i] = c and waits[i] > one then one := waits[i]; locked := i; end if;
    end loop;
    if best is null or one < best then best := one; best_level := locked; chosen := c; end if;
    exit when one = 0;
  end loop;
  if coalesce(best, 0) > worst then worst := best; worst_level := best_level; end if;
  if worst > 0 then
    admitted := false; wait_us := worst; level := worst_level; choice := 0;
    return;
  end if;

  for i in 1 .. cardinality(ids) loop
    continue when not taken[i] or choices[i] not in (-1, chosen);
    start_us := now_us - now_us % per_us[i];
    update gccflow.limit_level set calls = calls + 1, last_at = now_us,
        window_calls = case when window_start = start_us then window_calls + 1 else 1 end, window_start = start_us,
        expires_at = clock_timestamp() + per_us[i] * interval '1 microsecond'
      where id = ids[i] returning calls into found_at;
    if not fixed[i] then
      insert into gccflow.limit_call (level, number, at) values (ids[i], found_at, now_us);
      delete from gccflow.limit_call where limit_call.level = ids[i] and number = found_at - requests[i];
    end if;
  end loop;
  update gccflow.limit_hold set calls_left = calls_left - 1
    where key = any (select keys[i] from generate_subscripts(keys, 1) as i where choices[i] in (-1, chosen));
  admitted := true; choice := chosen; wait_us := 0; level := 0;
end $$`;
