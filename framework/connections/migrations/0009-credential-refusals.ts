import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What was refused to a credential since it was last accepted, for all processes that use it. */
export const credentialRefusals: Migration = {
  up: async (db: Kysely<unknown>) => {
    await sql`alter table gccflow.credential add column refused text[] not null default '{}', add column refused_since timestamptz`.execute(
      db,
    );
  },
};
