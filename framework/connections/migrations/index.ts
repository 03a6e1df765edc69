import type { Migration } from 'kysely/migration';
import type { MigrationName } from '../migration-names.ts';
import { syncPublication } from './0001-sync-publication.ts';
import { markKeptCopies } from './0002-mark-kept-copies.ts';
import { broker } from './0003-broker.ts';
import { brokerContentEncoding } from './0004-broker-content-encoding.ts';
import { scrape } from './0005-scrape.ts';
import { credential } from './0006-credential.ts';
import { eventOutbox } from './0007-event-outbox.ts';
import { limits } from './0008-limits.ts';
import { credentialRefusals } from './0009-credential-refusals.ts';

/** One that was released is never changed: it has run somewhere. */
export const migrations: Readonly<Record<MigrationName, Migration>> = {
  '0001_sync_publication': syncPublication,
  '0002_mark_kept_copies': markKeptCopies,
  '0003_broker': broker,
  '0004_broker_content_encoding': brokerContentEncoding,
  '0005_scrape': scrape,
  '0006_credential': credential,
  '0007_event_outbox': eventOutbox,
  '0008_limits': limits,
  '0009_credential_refusals': credentialRefusals,
};
