import type { ObjectStore } from '../connections/objects.ts';
import type { PostgresSession } from '../connections/postgres.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteName, quoteText } from '../foundation/quote.ts';
import { type ExportManifest, type ExportPart, partError, readPart } from './export-manifest.ts';
import type { TableColumn } from './table-columns.ts';
import { type TableName, tableSql } from './table-name.ts';

export interface LoadInput {
  readonly table: TableName;
  readonly columns: readonly TableColumn[];
  readonly manifest: ExportManifest;
  readonly objects: ObjectStore;
  readonly signal: AbortSignal;
  /** Comment of the new table: whose it is. */
  readonly mark: string;
  readonly onRows: (rows: number) => void;
}

/**
 * Creates a table and loads an export into it, in the caller's transaction: PostgreSQL then writes frozen rows, and under
 * `wal_level = minimal` no log of them. Gives back the rows that COPY counted. Throws SYNC_VALIDATION unless they are the manifest's.
 */
export async function loadTable(session: PostgresSession, input: LoadInput): Promise<number> {
  const { table, columns, manifest, mark } = input;
  await session.query(`create table ${tableSql(table)} (${columns.map(columnSql).join(', ')})`);
  await session.query(`comment on table ${tableSql(table)} is ${quoteText(mark, 'postgres')}`);
  const rows = manifest.format === 'copy' ? await copyParts(session, input) : await copyJsonParts(session, input);
  if (rows !== manifest.rows) {
    throw new GccflowError('SYNC_VALIDATION', `Sync '${manifest.sync}' exported ${manifest.rows} rows but loaded ${rows}.`, {
      hint: 'Run it again; the live table is untouched.',
    });
  }
  for (const { name, fill, default: fallback } of columns) {
    if (fill === null) continue;
    const column = `alter table ${tableSql(table)} alter column ${quoteName(name, 'postgres')}`;
    await session.query(fallback === null ? `${column} drop default` : `${column} set default ${fallback}`);
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

async function copyPart(session: PostgresSession, copy: string, part: ExportPart, { objects, signal }: LoadInput): Promise<number> {
  const body = await readPart(objects, part, signal);
  try {
    return await session.copyFrom(copy, body, signal);
  } catch (thrown) {
    throw partError(thrown, part);
  }
}

async function copyParts(session: PostgresSession, input: LoadInput): Promise<number> {
  const { table, columns, manifest, onRows } = input;
  let rows = 0;
  for (const part of manifest.parts) {
    rows += await copyPart(session, `copy ${tableSql(table)} (${loadedColumns(columns)}) from stdin (format text, freeze)`, part, input);
    onRows(rows);
  }
  return rows;
}

/** JSON never holds the two control bytes as they are, so a CSV of one column takes each line whole. */
async function copyJsonParts(session: PostgresSession, input: LoadInput): Promise<number> {
  const { table, columns, manifest, onRows } = input;
  await session.query('create temporary table gccflow_lines (line jsonb not null) on commit drop');
  let rows = 0;
  for (const part of manifest.parts) {
    const copy = `copy gccflow_lines (line) from stdin (format csv, quote e'\\x01', delimiter e'\\x02', null e'\\x03')`;
    rows += await copyPart(session, copy, part, input);
    onRows(rows);
  }
  const names = loadedColumns(columns);
  const record = columns
    .filter(({ source }) => source !== null)
    .map(({ name }) => `r.${quoteName(name, 'postgres')}`)
    .join(', ');
  await session.query(
    `insert into ${tableSql(table)} (${names}) select ${record} from gccflow_lines, jsonb_populate_record(null::${tableSql(table)}, line) r`,
  );
  return rows;
}
