import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { scrape } from './migrations/0005-scrape.ts';
import { credential } from './migrations/0006-credential.ts';
import { eventOutbox } from './migrations/0007-event-outbox.ts';
import { limits } from './migrations/0008-limits.ts';
import { credentialRefusals } from './migrations/0009-credential-refusals.ts';
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
  /** Every scrape task, those that ended too; a view. */
  readonly 'gccflow.scrape_request': ScrapeRequestRow;
}

export interface ScrapeRequestRow {
  readonly id: string;
  readonly flow: string;
  readonly status: string;
  readonly priority: number;
  readonly created_at: Date;
  readonly picked_at: Date | null;
  readonly expires_at: Date | null;
  readonly platform: string | null;
  readonly params: unknown;
  readonly account_id: string | null;
  readonly idempotency_key: string | null;
  readonly retry_count: number;
  /** What went wrong last. */
  readonly error: string | null;
  readonly scraped_at: Date | null;
  readonly worker_id: string | null;
  readonly attempt: number;
  readonly tries: number;
  readonly max_attempts: number;
  readonly unique_key: string | null;
  readonly run_at: Date | null;
  readonly lease_until: Date | null;
  readonly ended_at: Date | null;
  readonly ready: boolean;
  readonly waiting_for: string | null;
  readonly errors: unknown;
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
  /** The queues of the embedded broker. */
  '0003_broker': {
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
  },
  '0004_broker_content_encoding': {
    up: async (db: Kysely<unknown>) => {
      await sql`alter table gccflow.broker_message add column content_encoding text`.execute(db);
    },
  },
  '0005_scrape': scrape,
  '0006_credential': credential,
  '0007_event_outbox': eventOutbox,
  '0008_limits': limits,
  '0009_credential_refusals': credentialRefusals,
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
