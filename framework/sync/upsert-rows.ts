import type { Postgres, PostgresQueries } from '../connections/postgres.ts';
import { sqlStateOf } from '../connections/postgres-fault.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import type { SyncFile } from '../project/sync-file.ts';
import type { ExportRange } from './export-relation.ts';
import type { LiveTable } from './live-table.ts';
import { type Publication, recordPublication } from './publication.ts';
import { lockTimeout, milliseconds } from './swap-table.ts';
import type { TableColumn } from './table-columns.ts';
import { type TableName, tableSql } from './table-name.ts';

/** The rows above the highest published watermark, less the look-back; null reads the whole relation. */
export async function upsertRange(session: PostgresQueries, sync: SyncFile, columns: readonly TableColumn[]): Promise<ExportRange | null> {
  const { watermark, lookback, to } = sync;
  if (watermark === null) return null;
  const column = columns.find(({ source }) => source?.column === watermark);
  if (column?.source == null) {
    throw new GccflowError('SYNC_COLUMN_MISSING', `Sync '${sync.name}' has the watermark '${watermark}', which is not among its columns.`, {
      hint: 'The watermark must be published too: what was published last is read from the table.',
    });
  }
  const name = quoteName(column.name, 'postgres');
  const value =
    column.type === 'timestamptz' ? `to_char(max(${name}) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')` : `max(${name})::text`;
  const [row] = await session.query<{ highest: string | null }>(`select ${value} as highest from ${tableSql(to)}`);
  if (row?.highest == null) return null;
  const from = quoteName(watermark, 'clickhouse');
  const params = { gccflow_watermark: row.highest };
  if (column.type === 'timestamptz') {
    const since = `parseDateTime64BestEffort({gccflow_watermark:String}, 6, 'UTC') - toIntervalMillisecond(${Math.round(lookback ?? 0)})`;
    return { sql: `${from} >= ${since}`, params };
  }
  const back = column.type === 'date' && lookback !== null ? ` - toIntervalDay(${Math.ceil(lookback / 86_400_000)})` : '';
  return { sql: `${from} >= cast({gccflow_watermark:String}, '${bareType(column.source.clickHouseType)}')${back}`, params };
}

function bareType(type: string): string {
  return type.replace(/^(?:Nullable|LowCardinality)\((.*)\)$/, '$1').replaceAll("'", "\\'");
}

/** Columns that identify a row. Throws CONFIG_CONFLICT where there are none. */
export function upsertKey(sync: SyncFile): readonly string[] {
  const key = sync.key.length > 0 ? sync.key : sync.primary_key;
  if (key.length > 0) return key;
  throw new GccflowError('CONFIG_CONFLICT', `Sync '${sync.name}' has mode upsert but no key.`, {
    hint: 'Name the columns that identify a row in `key` or `primary_key`.',
  });
}

export interface UpsertInput {
  readonly sync: SyncFile;
  readonly columns: readonly TableColumn[];
  readonly staged: TableName;
  readonly publication: Publication;
  readonly signal: AbortSignal;
}

/**
 * Adds the staged rows to the live table and changes those it has, in one transaction that drops the staged table. Of staged rows with one
 * key the last one counts. A row that another transaction holds is waited for until `swap_deadline`; readers wait for nothing. Throws
 * SYNC_LOCK_TIMEOUT; the live table is then untouched.
 */
export async function upsertTable(postgres: Postgres, { sync, columns, staged, publication, signal }: UpsertInput): Promise<void> {
  const publish = async (session: PostgresQueries): Promise<void> => {
    await session.query(`set local lock_timeout = ${milliseconds(sync.swap_deadline)}`);
    await upsertRows(session, sync, columns, staged);
    await session.query(`drop table ${tableSql(staged)}`);
    await recordPublication(session, publication);
  };
  try {
    await postgres.transaction(publish, signal);
  } catch (thrown) {
    throw sqlStateOf(thrown) === '55P03' ? lockTimeout(sync, 1, thrown) : thrown;
  }
}

async function upsertRows(session: PostgresQueries, sync: SyncFile, columns: readonly TableColumn[], staged: TableName): Promise<void> {
  const key = upsertKey(sync).map((name) => quoteName(name, 'postgres'));
  const names = columns.map(({ name }) => quoteName(name, 'postgres'));
  const changed = names.filter((name) => !key.includes(name)).map((name) => `${name} = excluded.${name}`);
  const order = sync.watermark === null ? 'ctid desc' : `${watermarkName(sync, columns)} desc nulls last, ctid desc`;
  await session.query(`
    insert into ${tableSql(sync.to)} (${names.join(', ')})
    select distinct on (${key.join(', ')}) ${names.join(', ')} from ${tableSql(staged)} order by ${key.join(', ')}, ${order}
    on conflict (${key.join(', ')}) do ${changed.length === 0 ? 'nothing' : `update set ${changed.join(', ')}`}`);
}

function watermarkName(sync: SyncFile, columns: readonly TableColumn[]): string {
  return quoteName(columns.find(({ source }) => source?.column === sync.watermark)?.name ?? '', 'postgres');
}

/** An upsert needs a unique index on its key and every column in place. Throws CONFIG_CONFLICT and SYNC_COLUMN_MISSING. */
export function requireUpsertable(sync: SyncFile, columns: readonly TableColumn[], live: LiveTable): void {
  const key = [...upsertKey(sync)].sort().join('\0');
  const unique = [
    ...live.constraints.filter(({ kind }) => kind === 'p' || kind === 'u').map((constraint) => constraint.columns),
    ...live.indexes.filter((index) => index.unique && !/ where /i.test(index.tail)).map((index) => index.columns),
  ];
  if (!unique.some((names) => [...names].sort().join('\0') === key)) {
    throw new GccflowError(
      'CONFIG_CONFLICT',
      `Table '${sync.to.schema}.${sync.to.table}' has no unique index on the key of sync '${sync.name}'.`,
      {
        hint: 'Add one, or publish once by `mode: replace` with a `primary_key`.',
      },
    );
  }
  const known = new Set(live.columns.map(({ name }) => name));
  const missing = columns.find(({ name }) => !known.has(name));
  if (missing === undefined) return;
  throw new GccflowError(
    'SYNC_COLUMN_MISSING',
    `Table '${sync.to.schema}.${sync.to.table}' lacks column '${missing.name}' of sync '${sync.name}'.`,
    {
      hint: 'Add the column to the table, or publish once by `mode: replace`.',
    },
  );
}
