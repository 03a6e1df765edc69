/** In the order in which they run. */
export const migrationNames = [
  '0001_sync_publication',
  '0002_mark_kept_copies',
  '0003_broker',
  '0004_broker_content_encoding',
  '0005_scrape',
  '0006_credential',
  '0007_event_outbox',
  '0008_limits',
  '0009_credential_refusals',
] as const;

export type MigrationName = (typeof migrationNames)[number];

/** Where gccflow keeps its own tables, and the migrations that have run. */
export const ownSchema = { schema: 'gccflow', migrationTable: 'schema_migration' } as const;
