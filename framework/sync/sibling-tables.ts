import type { PostgresQueries } from '../connections/postgres.ts';
import { GccflowError } from '../foundation/error.ts';
import type { SyncFile } from '../project/sync-file.ts';
import { readDependents } from './dependents.ts';
import { backupMark, backupTable, newTable, type TableName, tableSql } from './table-name.ts';

const loadingMark = 'gccflow is loading this table, run ';

/** Comment of a table that a run is loading: a later run may drop it. */
export function markOf(runId: string): string {
  return `${loadingMark}${runId}`;
}

/** Drops the `_new` table of a run that died. One without our comment is somebody's own: throws SYNC_VALIDATION. */
export async function dropLeftover(session: PostgresQueries, sync: SyncFile): Promise<void> {
  const table = newTable(sync.to);
  const found = await readRelation(session, table);
  if (found === null) return;
  if (!found.comment?.startsWith(loadingMark)) throw taken(sync, table, found);
  await session.query(`drop table ${tableSql(table)}`);
}

/** Throws SYNC_VALIDATION where the live name is no table, or the kept copy's name is that of something that we did not keep. */
export async function refuseTakenNames(session: PostgresQueries, sync: SyncFile): Promise<void> {
  const live = await readRelation(session, sync.to);
  if (live !== null && live.kind !== 'table') throw taken(sync, sync.to, live);
  const backup = await readRelation(session, backupTable(sync.to));
  if (backup === null) return;
  if (backup.comment !== backupMark) throw taken(sync, backupTable(sync.to), backup);
  const readers = await readDependents(session, backupTable(sync.to));
  if (readers.length === 0) return;
  const names = readers.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  throw new GccflowError('SYNC_DEPENDENTS', `Sync '${sync.name}' cannot replace its kept copy, on which these depend: ${names}.`, {
    hint: 'Drop them, or let them read the published table; nothing was changed.',
  });
}

interface FoundRelation {
  readonly kind: string;
  readonly comment: string | null;
}

async function readRelation(session: PostgresQueries, table: TableName): Promise<FoundRelation | null> {
  const [found] = await session.query<FoundRelation>(
    `select obj_description(oid, 'pg_class') as comment, case relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view'
       when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' else 'relation' end as kind
     from pg_class where oid = to_regclass($1)`,
    [tableSql(table)],
  );
  return found ?? null;
}

function taken(sync: SyncFile, { schema, table }: TableName, { kind }: FoundRelation): GccflowError {
  return new GccflowError(
    'SYNC_VALIDATION',
    `Sync '${sync.name}' needs the name '${schema}.${table}', which a ${kind} has that no sync of gccflow made.`,
    { hint: 'Rename or drop it; nothing was changed.' },
  );
}
