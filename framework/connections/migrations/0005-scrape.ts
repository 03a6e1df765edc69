import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The queue of scrape tasks, and what became of them. */
export const scrape: Migration = {
  up: async (db: Kysely<unknown>) => {
    await createLog(db);
    await createHistory(db);
    await createView(db);
    await sql`create table gccflow.scrape_flow (flow text collate "C" primary key, paused_at timestamptz)`.execute(db);
    // Of a task that was queued with one, whatever became of it.
    await sql`
      create table gccflow.scrape_request_key (
        flow text collate "C" not null, key text collate "C" not null, task_id bigint not null,
        created_at timestamptz not null default now(), primary key (flow, key))`.execute(db);
    await sql`create index scrape_request_key_age on gccflow.scrape_request_key using brin (created_at)`.execute(db);
  },
};

/**
 * Tasks that wait or are leased; those that ended are in the history. Columns of one width first: a row has no padding then. Rows are
 * rewritten and leave as fast as they come: there is room for that on their pages, and they are swept by their number, not by their share,
 * and without pauses. `params` is json, not jsonb, because it is only ever passed on: its text is stored and given back as it came.
 */
async function createLog(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table gccflow.scrape_request_log (
      id bigint generated always as identity primary key,
      created_at timestamptz not null default now(), picked_at timestamptz, lease_until timestamptz, run_at timestamptz,
      expires_at timestamptz, turn bigint not null default 0, lease_token bigint,
      attempt int not null default 0, tries int not null default 0, max_attempts int not null,
      priority smallint not null default 0, ready boolean not null default true,
      status text collate "C" not null default 'PENDING', flow text collate "C" not null,
      platform text, account_id text collate "C", idempotency_key text collate "C", unique_key text collate "C",
      worker_id text, waiting_for text, params json not null, errors jsonb)
    with (fillfactor = 70, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0,
      autovacuum_analyze_threshold = 20000, toast.autovacuum_vacuum_cost_delay = 0)`.execute(db);
  // What claims read, in the order in which they take it. Tasks whose time has not come are not in it: no claim passes over them.
  await sql`
    create index scrape_request_due on gccflow.scrape_request_log (flow, priority desc, turn, id)
    where status = 'PENDING' and ready`.execute(db);
  await sql`
    create index scrape_request_account on gccflow.scrape_request_log (flow, priority, account_id, turn)
    where status = 'PENDING' and ready and account_id is not null`.execute(db);
  await sql`
    create index scrape_request_later on gccflow.scrape_request_log (run_at) where status = 'PENDING' and not ready`.execute(db);
  await sql`
    create index scrape_request_expiry on gccflow.scrape_request_log (expires_at)
    where status = 'PENDING' and expires_at is not null`.execute(db);
  // Names neither the status nor the end of the lease: so no statement that ends tasks by their ids is planned to read all of it, and
  // lengthening a lease changes no index.
  await sql`create index scrape_request_leased on gccflow.scrape_request_log (id) where worker_id is not null`.execute(db);
  await sql`
    create unique index scrape_request_unique on gccflow.scrape_request_log (flow, unique_key) where unique_key is not null`.execute(db);
}

/** Tasks that ended, by the day they did (UTC). The default partition takes what no day was prepared for. */
async function createHistory(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table gccflow.scrape_request_history (
      id bigint not null, ended_at timestamptz not null default now(), created_at timestamptz not null, picked_at timestamptz,
      expires_at timestamptz, attempt int not null, tries int not null, max_attempts int not null, priority smallint not null,
      status text collate "C" not null, flow text collate "C" not null,
      platform text, account_id text collate "C", idempotency_key text collate "C", unique_key text collate "C",
      worker_id text, params json not null, errors jsonb)
    partition by range (ended_at)`.execute(db);
  await sql`create index scrape_request_history_id on gccflow.scrape_request_history (id)`.execute(db);
  await sql`create index scrape_request_history_age on gccflow.scrape_request_history using brin (ended_at)`.execute(db);
  await sql`
    create index scrape_request_history_failed on gccflow.scrape_request_history (flow, id) where status <> 'COMPLETE'`.execute(db);
  await sql`
    create table gccflow.scrape_request_history_default partition of gccflow.scrape_request_history default`.execute(db);
}

/** Every task, wherever it is. */
async function createView(db: Kysely<unknown>): Promise<void> {
  await sql`
    create view gccflow.scrape_request as
    select id, flow, status, priority, created_at, picked_at, expires_at, platform, params, account_id, idempotency_key,
      greatest(tries - 1, 0) as retry_count, errors -> -1 ->> 'message' as error, null::timestamptz as scraped_at, worker_id,
      attempt, tries, max_attempts, unique_key, run_at, lease_until, null::timestamptz as ended_at, ready, waiting_for, errors
    from gccflow.scrape_request_log
    union all
    select id, flow, status, priority, created_at, picked_at, expires_at, platform, params, account_id, idempotency_key,
      greatest(tries - 1, 0), errors -> -1 ->> 'message', case when status = 'COMPLETE' then ended_at end, worker_id,
      attempt, tries, max_attempts, unique_key, null, null, ended_at, false, null, errors
    from gccflow.scrape_request_history`.execute(db);
}
