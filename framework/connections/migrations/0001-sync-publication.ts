import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What syncs published. `if not exists`: the table is older than the list of migrations. */
export const syncPublication: Migration = {
  up: (db: Kysely<unknown>) =>
    db.schema
      .createTable('gccflow.sync_publication')
      .ifNotExists()
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('sync', 'text', (column) => column.notNull())
      .addColumn('schema_name', 'text', (column) => column.notNull())
      .addColumn('table_name', 'text', (column) => column.notNull())
      .addColumn('mode', 'text', (column) => column.notNull())
      .addColumn('row_count', 'bigint', (column) => column.notNull())
      .addColumn('byte_count', 'bigint', (column) => column.notNull())
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('published_at', 'timestamptz', (column) => column.notNull())
      .execute(),
};
