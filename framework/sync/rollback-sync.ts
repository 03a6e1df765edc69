import { randomUUID } from 'node:crypto';
import type { Postgres } from '../connections/postgres.ts';
import type { Clock } from '../foundation/clock.ts';
import { GccflowError } from '../foundation/error.ts';
import type { SyncNode } from '../manifest/manifest.ts';
import { readDependents, refuseDependents } from './dependents.ts';
import { countRows, type LiveTable, readLiveTable } from './live-table.ts';
import { lockTable, type Publication } from './publication.ts';
import { exchangeWithBackup } from './swap-table.ts';
import { backupTable } from './table-name.ts';

export interface RollbackDeps {
  readonly postgres: Postgres;
  readonly runId: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Puts the kept copy back in the live table's place; the live one becomes the kept copy. Throws ROLLBACK_IMPOSSIBLE. */
export async function rollbackSync({ sync }: Pick<SyncNode, 'sync'>, deps: RollbackDeps): Promise<{ rows: number; publicationId: string }> {
  const { postgres, runId, clock, signal } = deps;
  await using _held = await lockTable(postgres, sync);
  const live = await readLiveTable(postgres, sync.to);
  const backup = await readLiveTable(postgres, backupTable(sync.to));
  if (live === null || backup === null || sync.mode === 'upsert') throw impossible(sync.name, sync.to.table, live);
  refuseDependents(sync, await readDependents(postgres, sync.to));
  const rows = await countRows(postgres, backupTable(sync.to));
  const publication: Publication = {
    id: randomUUID(),
    sync: sync.name,
    ...sync.to,
    mode: 'rollback',
    rows,
    bytes: 0,
    runId,
    publishedAt: clock.now(),
  };
  await exchangeWithBackup(postgres, { sync, live, renamings: [], publication, comment: live.comment, signal }, backup);
  return { rows, publicationId: publication.id };
}

function impossible(sync: string, table: string, live: LiveTable | null): GccflowError {
  const what = live === null ? `its table '${table}' was never published` : `no earlier copy of table '${table}' is kept`;
  return new GccflowError('ROLLBACK_IMPOSSIBLE', `Sync '${sync}' cannot be rolled back: ${what}.`, {
    hint: 'A copy is kept by `mode: replace` with `keep_backup: true`, from the second publication on.',
  });
}
