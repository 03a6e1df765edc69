import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Events that wait until the broker has confirmed them. */
export const eventOutbox: Migration = {
  up: async (db: Kysely<unknown>) => {
    // Emptied as fast as it is filled: what is left of its rows is swept by their number, not by their share, and without pauses.
    await sql`
      create table gccflow.event_outbox (
        id bigint generated always as identity primary key,
        created_at timestamptz not null default now(), due_at timestamptz not null default now(),
        failures int not null default 0, error text,
        exchange text not null, routing_key text not null, message_id text not null, body text not null)
      with (autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0,
        toast.autovacuum_vacuum_cost_delay = 0)`.execute(db);
    await sql`create index event_outbox_due on gccflow.event_outbox (due_at, id)`.execute(db);
  },
};
