import { createHash } from 'node:crypto';
import type { Postgres, PostgresQueries } from '../connections/postgres.ts';
import { sqlStateOf } from '../connections/postgres-fault.ts';
import { GccflowError } from '../foundation/error.ts';
import type { SyncFile } from '../project/sync-file.ts';

/** One publication of a table, as PostgreSQL itself remembers it. Written in the transaction that makes it true. */
export interface Publication {
  readonly id: string;
  readonly sync: string;
  readonly schema: string;
  readonly table: string;
  readonly mode: 'replace' | 'upsert' | 'rollback';
  readonly rows: number;
  readonly bytes: number;
  readonly runId: string;
  readonly publishedAt: Date;
}

export async function recordPublication(session: PostgresQueries, publication: Publication): Promise<void> {
  const { id, sync, schema, table, mode, rows, bytes, runId, publishedAt } = publication;
  await session.query(
    `insert into gccflow.sync_publication (id, sync, schema_name, table_name, mode, row_count, byte_count, run_id, published_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [id, sync, schema, table, mode, rows, bytes, runId, publishedAt],
  );
}

/** Holds a table for one run. The lock dies with its session, so a killed run leaves none. Throws RUN_LOCKED. */
export async function lockTable(postgres: Postgres, { name, to }: SyncFile): Promise<AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const session = opening.use(await postgres.session());
  const key = createHash('sha256').update(`${to.schema}\0${to.table}`).digest().readBigInt64BE().toString();
  const [row] = await session.query<{ locked: boolean }>('select pg_try_advisory_lock($1::bigint) as locked', [key]);
  if (row?.locked !== true) {
    throw new GccflowError('RUN_LOCKED', `Another run is publishing table '${to.schema}.${to.table}', which sync '${name}' writes.`, {
      hint: 'Wait for it to end; the table is untouched by this run.',
    });
  }
  return opening.move();
}

/** Whether a statement failed for want of a lock, a deadlock or a cancelled wait: the same one may pass later. */
export function isLockFailure(thrown: unknown): boolean {
  return ['55P03', '40P01', '57014'].includes(sqlStateOf(thrown) ?? '');
}
