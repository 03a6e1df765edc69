import { migrationNames, ownSchema } from './migration-names.ts';
import type { Postgres } from './postgres.ts';

/** A scrape task, also one that has ended: a row of the view `gccflow.scrape_request`. */
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

/**
 * Brings gccflow's own tables up to date. Of several processes that come at once, one does it and the others wait; where nothing is to be
 * done, two queries find that out, and nothing that could do it is loaded.
 */
export async function migrateSchema(postgres: Postgres): Promise<void> {
  if (await isUpToDate(postgres)) return;
  const { migrate } = await import('./migrate.ts');
  await migrate(postgres);
}

async function isUpToDate(postgres: Postgres): Promise<boolean> {
  const migrationTable = `${ownSchema.schema}.${ownSchema.migrationTable}`;
  const [found] = await postgres.query<{ there: boolean }>(`select to_regclass('${migrationTable}') is not null as there`);
  if (found?.there !== true) return false;
  const done = await postgres.query<{ name: string }>(`select name from ${migrationTable}`);
  const names = new Set(done.map(({ name }) => name));
  return migrationNames.every((name) => names.has(name));
}
