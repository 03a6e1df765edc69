import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The queues of the embedded broker. */
export const broker: Migration = {
  up: async (db: Kysely<unknown>) => {
    await sql`create table gccflow.broker_exchange (name text collate "C" primary key, type text not null)`.execute(db);
    // Of a queue in which messages wait: for how long, and where they go then.
    await sql`create table gccflow.broker_queue (name text collate "C" primary key, delay_ms bigint, delay_queue text collate "C")`.execute(
      db,
    );
    await sql`
      create table gccflow.broker_binding (
        exchange text collate "C" not null references gccflow.broker_exchange, routing_key text collate "C" not null,
        queue text collate "C" not null references gccflow.broker_queue, primary key (exchange, routing_key, queue))`.execute(db);
    // Counts up with every change of the three above, so that publishers know when what they remember of them is old.
    await sql`create table gccflow.broker_topology (version bigint not null)`.execute(db);
    await sql`insert into gccflow.broker_topology values (1)`.execute(db);
    await sql`
      create table gccflow.broker_session (
        id int generated always as identity primary key, opened_at timestamptz not null default now())`.execute(db);
    await sql`
      create table gccflow.broker_consumer (
        id int generated always as identity primary key, queue text collate "C" not null,
        session_id int not null references gccflow.broker_session on delete cascade)`.execute(db);
    // Claiming rewrites a row, which stays on its page while there is room. A queue is emptied as fast as it is filled: what is left of
    // its rows is swept by their number, not by their share, and without pauses.
    await sql`
      create table gccflow.broker_message (
        id bigint generated always as identity primary key,
        published_at timestamptz not null default date_trunc('second', now()), due_at timestamptz, holder int,
        deliveries int not null default 0, queue text collate "C" not null, exchange text not null, routing_key text not null,
        message_id text, content_type text, headers text, body bytea not null)
      with (fillfactor = 70, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0,
        toast.autovacuum_vacuum_cost_delay = 0)`.execute(db);
    await sql`create index broker_message_ready on gccflow.broker_message (queue, id) where holder is null`.execute(db);
    await sql`create index broker_message_held on gccflow.broker_message (holder) where holder is not null`.execute(db);
    await sql`create index broker_message_due on gccflow.broker_message (due_at) where due_at is not null`.execute(db);
  },
};
