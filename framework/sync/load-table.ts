import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectStore } from '../connections/objects.ts';
import type { Postgres } from '../connections/postgres.ts';
import { sqlStateOf } from '../connections/postgres-fault.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import { quoteName, quoteText } from '../foundation/quote.ts';
import { type ExportManifest, PartReader } from './export-manifest.ts';
import type { TableColumn } from './table-columns.ts';
import { type TableName, tableSql } from './table-name.ts';
import { wholeLines } from './whole-lines.ts';

export interface LoadInput {
  readonly table: TableName;
  readonly columns: readonly TableColumn[];
  readonly manifest: ExportManifest;
  readonly objects: ObjectStore;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Comment of the new table: whose it is. */
  readonly mark: string;
  /** Whether rows lie in the table in the order of the export. */
  readonly ordered: boolean;
  /** Rows read so far, estimated by the share of bytes. */
  readonly onRows: (rows: number) => void;
}

/**
 * How many COPYs load one table at once. 2,000,000 rows of 8 columns on 2 busy cores, medians of three rounds in turns: two COPYs 4.6 s and
 * VACUUM (FREEZE, ANALYZE) 1.1 s; one COPY FREEZE in the transaction that creates the table 5.7 s and ANALYZE 0.7 s; one plain COPY 6.5 s.
 */
const lanes = 2;

/** Rows from which a second COPY is worth its connection. */
const laneRows = 100_000;

/** How often the objects are read before the load fails: a store may answer broken, short or garbled bytes once. */
const maxReads = 3;
const pauseMs = 500;

/**
 * Creates a table, which bears its mark from the first moment, and loads an export into it. A load that fails or is killed leaves the
 * table in part: whoever made it drops it, by its mark. Throws SYNC_EXPORT_CORRUPT where the objects cannot be read as they were written,
 * and SYNC_VALIDATION unless COPY counted the manifest's rows.
 */
export async function loadTable(postgres: Postgres, input: LoadInput): Promise<number> {
  const { table, columns, manifest, mark, signal } = input;
  await postgres.transaction(async (session) => {
    await session.query(`create table ${tableSql(table)} (${columns.map(columnSql).join(', ')})`);
    await session.query(`comment on table ${tableSql(table)} is ${quoteText(mark, 'postgres')}`);
  }, signal);
  const rows = await copyWhole(postgres, input);
  if (rows !== manifest.rows) {
    throw new GccflowError('SYNC_VALIDATION', `Sync '${manifest.sync}' exported ${manifest.rows} rows but loaded ${rows}.`, {
      hint: 'Run it again; the live table is untouched.',
    });
  }
  for (const { name, fill, default: fallback } of columns) {
    if (fill === null) continue;
    const column = `alter table ${tableSql(table)} alter column ${quoteName(name, 'postgres')}`;
    await postgres.query(fallback === null ? `${column} drop default` : `${column} set default ${fallback}`);
  }
  return rows;
}

/** A column that PostgreSQL fills takes the value as its default for the time of the load. */
function columnSql({ name, type, notNull, default: fallback, fill }: TableColumn): string {
  const value = fill ?? fallback;
  return `${quoteName(name, 'postgres')} ${type}${value === null ? '' : ` default ${value}`}${notNull ? ' not null' : ''}`;
}

function loadedColumns(columns: readonly TableColumn[]): string {
  return columns
    .filter(({ source }) => source !== null)
    .map(({ name }) => quoteName(name, 'postgres'))
    .join(', ');
}

/** Loads all rows. After a failed read whatever one of the COPYs had stored is removed, and all of it is read again. */
async function copyWhole(postgres: Postgres, input: LoadInput): Promise<number> {
  const { table, manifest, signal, log } = input;
  for (let read = 1; ; read++) {
    try {
      return await copyOnce(postgres, input);
    } catch (thrown) {
      if (read === maxReads || signal.aborted || !isReadFailure(thrown)) throw thrown;
      log.warn({ err: thrown, sync: manifest.sync, read }, 'export read again');
      await sleep(read * pauseMs, undefined, { signal });
      await postgres.query(`truncate ${tableSql(table)}`);
    }
  }
}

async function copyOnce(postgres: Postgres, input: LoadInput): Promise<number> {
  using reader = readerOf(input);
  try {
    return await (input.manifest.format === 'copy' ? copyLines(postgres, input, reader) : copyJsonLines(postgres, input, reader));
  } catch (thrown) {
    if (isDataFailure(thrown)) await reader.checkRest(); // damage shows at a part's end, and PostgreSQL may refuse the garbled value first
    throw thrown;
  }
}

function isReadFailure(thrown: unknown): boolean {
  return thrown instanceof GccflowError && ['SYNC_EXPORT_CORRUPT', 'OBJECTS_UNREACHABLE'].includes(thrown.code);
}

/** Whether PostgreSQL refused a value: data exceptions and broken constraints. */
function isDataFailure(thrown: unknown): boolean {
  return /^2[23]/.test(sqlStateOf(thrown) ?? '');
}

/** Several COPYs draw whole lines from one stream; the first of them to fail stops the others. */
async function copyLines(postgres: Postgres, input: LoadInput, reader: PartReader): Promise<number> {
  const { table, columns, manifest, ordered } = input;
  const copy = `copy ${tableSql(table)} (${loadedColumns(columns)}) from stdin (format text)`;
  const failing = new AbortController();
  const signal = AbortSignal.any([input.signal, failing.signal]);
  const lines = wholeLines(reader.chunks());
  const count = ordered || manifest.rows < laneRows ? 1 : lanes;
  const loading = Array.from({ length: count }, async () => {
    try {
      return await postgres.transaction((session) => session.copyFrom(copy, Readable.from(lines, { objectMode: false }), signal), signal);
    } catch (thrown) {
      failing.abort(thrown);
      return 0;
    }
  });
  const counts = await Promise.all(loading);
  failing.signal.throwIfAborted();
  return counts.reduce((sum, rows) => sum + rows, 0);
}

/** JSON never holds the two control bytes as they are, so a CSV of one column takes each line whole. */
function copyJsonLines(postgres: Postgres, input: LoadInput, reader: PartReader): Promise<number> {
  const { table, columns, signal } = input;
  const names = loadedColumns(columns);
  const record = columns
    .filter(({ source }) => source !== null)
    .map(({ name }) => `r.${quoteName(name, 'postgres')}`)
    .join(', ');
  return postgres.transaction(async (session) => {
    await session.query('create temporary table gccflow_lines (line jsonb not null) on commit drop');
    const copy = `copy gccflow_lines (line) from stdin (format csv, quote e'\\x01', delimiter e'\\x02', null e'\\x03')`;
    const rows = await session.copyFrom(copy, Readable.from(reader.chunks(), { objectMode: false }), signal);
    await session.query(
      `insert into ${tableSql(table)} (${names}) select ${record} from gccflow_lines, jsonb_populate_record(null::${tableSql(table)}, line) r`,
    );
    return rows;
  }, signal);
}

function readerOf({ objects, manifest, signal, onRows }: LoadInput): PartReader {
  let read = 0;
  return new PartReader(objects, manifest.parts, signal, (bytes) => {
    read += bytes;
    onRows(Math.round((manifest.rows * read) / manifest.bytes));
  });
}
