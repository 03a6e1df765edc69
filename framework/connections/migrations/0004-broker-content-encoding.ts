import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** How the bodies of messages are packed. */
export const brokerContentEncoding: Migration = {
  up: async (db: Kysely<unknown>) => {
    await sql`alter table gccflow.broker_message add column content_encoding text`.execute(db);
  },
};
