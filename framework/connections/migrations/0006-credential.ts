import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Keys of providers. */
export const credential: Migration = {
  up: async (db: Kysely<unknown>) => {
    // `credentials` is encrypted: which key, and what of AES-256-GCM is needed to open it.
    await sql`
      create table gccflow.credential (
        id bigint generated always as identity primary key,
        source text not null, credentials jsonb not null,
        enabled boolean not null default true, disabled_till timestamptz, reason text,
        created_at timestamptz not null default now(), updated_at timestamptz not null default now())`.execute(db);
    await sql`create index credential_source on gccflow.credential (source)`.execute(db);
  },
};
