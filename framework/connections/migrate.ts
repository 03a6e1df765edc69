import { Migrator } from 'kysely/migration';
import { ownSchema } from './migration-names.ts';
import { migrations } from './migrations/index.ts';
import type { Postgres } from './postgres.ts';
import { kyselyOver } from './postgres-kysely.ts';

/** Runs the migrations that have not run yet, under a lock. */
export async function migrate(postgres: Postgres): Promise<void> {
  const { schema, migrationTable } = ownSchema;
  await using session = await postgres.session();
  const migrator = new Migrator({
    db: kyselyOver<unknown>(session),
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableSchema: schema,
    migrationTableName: migrationTable,
    migrationLockTableName: `${migrationTable}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}
