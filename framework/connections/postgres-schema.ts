import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Postgres, PostgresQueries } from './postgres.ts';
import { kyselyOver } from './postgres-kysely.ts';

/** The tables that gccflow keeps in PostgreSQL for itself. */
export interface OwnTables {
  readonly 'gccflow.sync_publication': {
    readonly id: string;
    readonly sync: string;
    readonly schema_name: string;
    readonly table_name: string;
    readonly mode: string;
    readonly row_count: number;
    readonly byte_count: number;
    readonly run_id: string;
    readonly published_at: Date;
  };
}

/** Typed queries on gccflow's own tables. On a session they are part of its transaction. */
export function ownTables(queries: PostgresQueries): Kysely<OwnTables> {
  return kyselyOver<OwnTables>(queries);
}

const schema = 'gccflow';
const migrationTable = 'schema_migration';

/** In the order of their names. One that was released is never changed: it has run somewhere. */
const migrations: Readonly<Record<string, Migration>> = {
  /** `if not exists`: the table is older than the list of migrations. */
  '0001_sync_publication': {
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
  },
  /** Kept copies bear a comment, without which a sync takes them for somebody else's; these are older than that. */
  '0002_mark_kept_copies': {
    up: async (db: Kysely<unknown>) => {
      await sql`
        do $$ declare published record; copy text; begin
          for published in select schema_name, table_name from gccflow.sync_publication where octet_length(table_name) <= 55
                           group by 1, 2 having count(*) > 1 loop
            copy := format('%I.%I', published.schema_name, published.table_name || '_old_bkp');
            if to_regclass(copy) is not null then
              execute format('comment on table %s is %L', copy, 'gccflow keeps this table for a rollback');
            end if;
          end loop;
        end $$`.execute(db);
    },
  },
};

/**
 * Brings gccflow's own tables up to date. Of several processes that come at once, one does it and the others wait; where nothing is to be
 * done, two queries find that out.
 */
export async function migrateSchema(postgres: Postgres): Promise<void> {
  if (await isUpToDate(postgres)) return;
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

async function isUpToDate(postgres: Postgres): Promise<boolean> {
  const [found] = await postgres.query<{ there: boolean }>(`select to_regclass('${schema}.${migrationTable}') is not null as there`);
  if (found?.there !== true) return false;
  const done = await postgres.query<{ name: string }>(`select name from ${schema}.${migrationTable}`);
  const names = new Set(done.map(({ name }) => name));
  return Object.keys(migrations).every((name) => names.has(name));
}
