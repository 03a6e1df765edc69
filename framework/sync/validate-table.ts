import type { PostgresQueries } from '../connections/postgres.ts';
import { GccflowError } from '../foundation/error.ts';
import type { SyncFile } from '../project/sync-file.ts';
import { type TableName, tableSql } from './table-name.ts';

/** The guards on a loaded table. Throws SYNC_VALIDATION; the live table is untouched. */
export async function validateTable(
  session: PostgresQueries,
  sync: SyncFile,
  table: TableName,
  counts: { readonly rows: number; readonly liveRows: number | null },
): Promise<void> {
  const { rows, liveRows } = counts;
  if (rows < sync.min_rows) throw invalid(sync, `would publish ${rows} rows, fewer than its min_rows of ${sync.min_rows}`);
  if (liveRows !== null && rows < liveRows * (1 - sync.max_shrink)) {
    throw invalid(sync, `would shrink its table from ${liveRows} rows to ${rows}, by more than its max_shrink of ${sync.max_shrink}`);
  }
  for (const { name, sql } of sync.checks) {
    const text = sql.replace(/\{\{\s*table\s*\}\}/g, () => tableSql(table));
    const failing = await session.query(`select 1 from (${text.replace(/;\s*$/, '')}) failing limit 1`);
    if (failing.length > 0) throw invalid(sync, `does not pass its check '${name}'`);
  }
}

function invalid(sync: SyncFile, what: string): GccflowError {
  return new GccflowError('SYNC_VALIDATION', `Sync '${sync.name}' ${what}; the live table is untouched.`, {
    hint: 'Look at the relation it publishes; change the guard in the sync if the rows are right.',
  });
}
