import { setTimeout as sleep } from 'node:timers/promises';
import type { Postgres, PostgresQueries } from '../connections/postgres.ts';
import { sqlStateOf } from '../connections/postgres-fault.ts';
import { formatDuration } from '../foundation/duration.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteName, quoteText } from '../foundation/quote.ts';
import type { SyncFile } from '../project/sync-file.ts';
import { readDependents, refuseDependents } from './dependents.ts';
import type { Renaming } from './finish-table.ts';
import type { LiveTable } from './live-table.ts';
import { isLockFailure, type Publication, recordPublication } from './publication.ts';
import { backupMark, backupTable, newTable, siblingName, tableSql } from './table-name.ts';

export interface SwapInput {
  readonly sync: SyncFile;
  readonly live: LiveTable | null;
  readonly renamings: readonly Renaming[];
  readonly publication: Publication;
  /** Comment of the table once it is live. */
  readonly comment: string | null;
  readonly signal: AbortSignal;
  /** Random numbers from 0 to 1, for the jitter of retries. */
  readonly random?: () => number;
}

/**
 * Puts the new table in the live one's place, in one transaction that waits `lock_timeout` for its lock at most, tried again until
 * `swap_deadline`, which ends any of its statements, too. Readers see the old rows or the new ones. Throws SYNC_LOCK_TIMEOUT; the live
 * table is then untouched.
 */
export function swapTable(postgres: Postgres, input: SwapInput): Promise<void> {
  return withShortLocks(postgres, input, (session) => swapOnce(session, input));
}

/** The swap back: the kept copy takes the live table's place and the live one becomes the kept copy. */
export function exchangeWithBackup(postgres: Postgres, input: SwapInput & { readonly live: LiveTable }, backup: LiveTable): Promise<void> {
  return withShortLocks(postgres, input, (session) => exchangeOnce(session, input, backup));
}

async function withShortLocks(postgres: Postgres, input: SwapInput, work: (session: PostgresQueries) => Promise<void>): Promise<void> {
  const { sync, signal, random = Math.random } = input;
  const deadline = performance.now() + sync.swap_deadline;
  for (let attempt = 1; ; attempt++) {
    try {
      await postgres.transaction(async (session) => {
        await session.query(`set local lock_timeout = ${milliseconds(sync.lock_timeout)}`);
        await session.query(`set local statement_timeout = ${milliseconds(deadline - performance.now())}`);
        await work(session);
      }, signal);
      return;
    } catch (thrown) {
      signal.throwIfAborted();
      if (!isLockFailure(thrown)) throw thrown;
      const pauseMs = Math.min(5000, sync.lock_timeout * 2 ** Math.min(attempt, 5)) * (0.5 + random());
      if (performance.now() + pauseMs > deadline) throw lockTimeout(sync, attempt, thrown);
      await sleep(pauseMs, undefined, { signal });
    }
  }
}

async function swapOnce(session: PostgresQueries, input: SwapInput): Promise<void> {
  const { sync, live, publication, comment } = input;
  const [liveName, backup] = [sync.to, backupTable(sync.to)];
  if (live !== null) {
    await session.query(`lock table ${tableSql(liveName)} in access exclusive mode`);
    await requireSame(session, sync, live);
    const dependents = await readDependents(session, liveName);
    refuseDependents(sync, dependents);
    await session.query(`drop table if exists ${tableSql(backup)}`);
    await retire(session, sync, live);
    await promote(session, input);
    for (const statement of dependents.flatMap(({ recreate }) => recreate)) await session.query(statement);
    if (!sync.keep_backup) await session.query(`drop table ${tableSql(backup)}`);
  } else {
    await promote(session, input);
  }
  await session.query(`comment on table ${tableSql(liveName)} is ${comment === null ? 'null' : quoteText(comment, 'postgres')}`);
  await recordPublication(session, publication);
}

async function exchangeOnce(session: PostgresQueries, input: SwapInput & { readonly live: LiveTable }, backup: LiveTable): Promise<void> {
  const { sync, live, publication, comment } = input;
  const [name, kept, moved] = [tableSql(sync.to), tableSql(backupTable(sync.to)), newTable(sync.to)];
  await session.query(`lock table ${name}, ${kept} in access exclusive mode`);
  await requireSame(session, sync, live);
  const dependents = await readDependents(session, sync.to);
  refuseDependents(sync, dependents);
  const renamings = await setAside(session, sync, live, backup);
  await session.query(`alter table ${kept} rename to ${quoteName(moved.table, 'postgres')}`);
  await retire(session, sync, live);
  const own = new Set(backup.triggers.map((trigger) => trigger.name));
  const triggers = live.triggers.filter((trigger) => !own.has(trigger.name));
  await promote(session, { ...input, live: { ...live, triggers }, renamings });
  for (const statement of dependents.flatMap(({ recreate }) => recreate)) await session.query(statement);
  await session.query(`comment on table ${name} is ${comment === null ? 'null' : quoteText(comment, 'postgres')}`);
  await recordPublication(session, publication);
}

/** Frees the names that the live table's indexes and constraints will have as a backup. Gives back what they are called by then. */
async function setAside(session: PostgresQueries, { to }: SyncFile, live: LiveTable, backup: LiveTable): Promise<Renaming[]> {
  const renamings: Renaming[] = [];
  for (const { name } of live.constraints) {
    const old = siblingName(name, '_old_bkp');
    if (!backup.constraints.some((constraint) => constraint.name === old)) continue;
    await renameConstraint(session, tableSql(backupTable(to)), old, siblingName(name, '_new'));
    renamings.push({ kind: 'constraint', from: siblingName(name, '_new'), to: name });
  }
  for (const { name } of live.indexes) {
    const old = siblingName(name, '_old_bkp');
    if (!backup.indexes.some((index) => index.name === old)) continue;
    await renameIndex(session, to.schema, old, siblingName(name, '_new'));
    renamings.push({ kind: 'index', from: siblingName(name, '_new'), to: name });
  }
  for (const { schema, name } of live.statistics) {
    const old = siblingName(name, '_old_bkp');
    if (!backup.statistics.some((statistics) => statistics.name === old && statistics.schema === schema)) continue;
    await renameStatistics(session, schema, old, siblingName(name, '_new'));
    renamings.push({ kind: 'statistics', schema, from: siblingName(name, '_new'), to: name });
  }
  return renamings;
}

/** The live table must be the one whose indexes, grants and dependents were read. */
async function requireSame(session: PostgresQueries, sync: SyncFile, live: LiveTable): Promise<void> {
  const [row] = await session.query<{ same: boolean }>('select $1::regclass::oid::int8 = $2::int8 as same', [tableSql(sync.to), live.oid]);
  if (row?.same === true) return;
  throw new GccflowError(
    'SYNC_VALIDATION',
    `Table '${sync.to.schema}.${sync.to.table}' was replaced by somebody else while sync '${sync.name}' ran.`,
    {
      hint: 'Run the sync again; the table is untouched by this run.',
    },
  );
}

/** Renames the live table and all that has a name of its own out of the way. */
async function retire(session: PostgresQueries, sync: SyncFile, live: LiveTable): Promise<void> {
  const backup = backupTable(sync.to);
  await session.query(`alter table ${tableSql(sync.to)} rename to ${quoteName(backup.table, 'postgres')}`);
  await session.query(`comment on table ${tableSql(backup)} is ${quoteText(backupMark, 'postgres')}`);
  for (const { name } of live.constraints) await renameConstraint(session, tableSql(backup), name, siblingName(name, '_old_bkp'));
  for (const { name } of live.indexes) await renameIndex(session, sync.to.schema, name, siblingName(name, '_old_bkp'));
  for (const { schema, name } of live.statistics) await renameStatistics(session, schema, name, siblingName(name, '_old_bkp'));
}

/** Gives the new table the live names, and what is told apart by name: triggers, owned sequences, publications. */
async function promote(session: PostgresQueries, { sync, live, renamings }: SwapInput): Promise<void> {
  const name = tableSql(sync.to);
  await session.query(`alter table ${tableSql(newTable(sync.to))} rename to ${quoteName(sync.to.table, 'postgres')}`);
  for (const { kind, schema = sync.to.schema, from, to } of renamings) {
    if (kind === 'constraint') await renameConstraint(session, name, from, to);
    else if (kind === 'index') await renameIndex(session, schema, from, to);
    else await renameStatistics(session, schema, from, to);
  }
  for (const { sequence, name: column } of live?.columns ?? []) {
    if (sequence === null || !(await hasColumn(session, name, column))) continue;
    await session.query(`alter sequence ${sequence} owned by ${name}.${quoteName(column, 'postgres')}`);
  }
  for (const { definition, name: trigger, enabled } of live?.triggers ?? []) {
    await session.query(definition);
    const state = triggerStates[enabled];
    if (state !== undefined) await session.query(`alter table ${name} ${state} trigger ${quoteName(trigger, 'postgres')}`);
  }
  for (const publication of live?.publications ?? []) {
    await session.query(`alter publication ${publication.name} drop table ${tableSql(backupTable(sync.to))}`);
    await session.query(`alter publication ${publication.name} add table ${name}${publication.tail}`);
  }
  if (live?.replicaIdentity) await session.query(`alter table ${name} replica identity ${live.replicaIdentity}`);
}

/** What `pg_trigger.tgenabled` says of a trigger that does not fire as it was created. */
const triggerStates: Readonly<Record<string, string>> = { D: 'disable', R: 'enable replica', A: 'enable always' };

async function hasColumn(session: PostgresQueries, table: string, column: string): Promise<boolean> {
  const found = await session.query('select 1 from pg_attribute where attrelid = $1::regclass and attname = $2 and not attisdropped', [
    table,
    column,
  ]);
  return found.length > 0;
}

async function renameConstraint(session: PostgresQueries, table: string, from: string, to: string): Promise<void> {
  await session.query(`alter table ${table} rename constraint ${quoteName(from, 'postgres')} to ${quoteName(to, 'postgres')}`);
}

async function renameIndex(session: PostgresQueries, schema: string, from: string, to: string): Promise<void> {
  await session.query(`alter index ${quoteName(schema, 'postgres')}.${quoteName(from, 'postgres')} rename to ${quoteName(to, 'postgres')}`);
}

async function renameStatistics(session: PostgresQueries, schema: string, from: string, to: string): Promise<void> {
  await session.query(
    `alter statistics ${quoteName(schema, 'postgres')}.${quoteName(from, 'postgres')} rename to ${quoteName(to, 'postgres')}`,
  );
}

/** As a setting; 0 would be no limit. */
export function milliseconds(duration: number): number {
  return Math.max(1, Math.round(duration));
}

/** The error for a publication that waited for its locks too long. */
export function lockTimeout(sync: SyncFile, attempts: number, cause: unknown): GccflowError {
  const table = `'${sync.to.schema}.${sync.to.table}'`;
  const within = `within ${formatDuration(sync.swap_deadline)}, in ${attempts} ${attempts === 1 ? 'try' : 'tries'}; the table is untouched.`;
  if (sqlStateOf(cause) === '57014') {
    return new GccflowError('SYNC_LOCK_TIMEOUT', `Sync '${sync.name}' could not finish the swap of table ${table} ${within}`, {
      hint: 'Look what the swap recreates and how long that takes: materialized views, foreign keys; or give the sync a longer `swap_deadline`.',
      cause,
    });
  }
  return new GccflowError('SYNC_LOCK_TIMEOUT', `Sync '${sync.name}' got no lock on table ${table} ${within}`, {
    hint: 'Find the long reader in pg_stat_activity, or give the sync a longer `swap_deadline`.',
    cause,
  });
}
