import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createZstdCompress } from 'node:zlib';
import type { ObjectStore } from '../connections/objects.ts';
import { WarehouseFault, type WarehouseSettings } from '../connections/warehouse.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import { relationSql } from '../manifest/relation.ts';
import type { SyncFile } from '../project/sync-file.ts';
import { type ExportManifest, type ExportPart, manifestKey, runPrefix } from './export-manifest.ts';
import type { SyncDeps } from './sync-outcome.ts';
import type { TableColumn } from './table-columns.ts';

/** Where an upsert begins: rows of the relation from this value on. */
export interface ExportRange {
  readonly sql: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** What makes ClickHouse's text PostgreSQL's: times in UTC with their zone, JSON numbers as numbers. */
const renderSettings: WarehouseSettings = {
  date_time_output_format: 'iso',
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 1,
  output_format_json_quote_decimals: 0,
  output_format_tsv_crlf_end_of_line: 0,
};

/** Rows from which an export is split, by a hash of a column: splitting doubles its time, and bounds what is read again after a fault. */
const partRows = 5_000_000;

/**
 * Writes the relation to the object store, as parts that COPY takes as they are, and last of all the manifest that makes them an export.
 * ClickHouse writes them itself wherever it reaches the store; else they pass through this process, a chunk at a time.
 */
export async function exportRelation(
  sync: SyncFile,
  columns: readonly TableColumn[],
  range: ExportRange | null,
  deps: SyncDeps,
): Promise<ExportManifest> {
  const { objects, runId, clock } = deps;
  const prefix = runPrefix(sync.name, runId);
  const extension = sync.format === 'copy' ? 'tsv' : 'jsonl';
  const select = selectSql(sync, columns, range, deps);
  const direct = objects.kind === 's3' || deps.warehouse.kind === 'embedded';
  const partition = direct ? await partitionSql(sync, columns, range, deps) : '';
  const rows = direct
    ? await exportDirectly({ prefix, extension, select, partition }, range, deps)
    : await exportThrough(prefix, extension, select, range, deps);
  const parts = await describeParts(objects, prefix, deps.signal);
  const manifest: ExportManifest = {
    sync: sync.name,
    runId,
    exportedAt: clock.now().toISOString(),
    relation: deps.from,
    format: sync.format,
    columns: columns.flatMap(({ name, type, source }) => (source ? [{ name, type, clickHouseType: source.clickHouseType }] : [])),
    rows,
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
    parts,
    queryId: queryIdOf(deps),
  };
  await objects.put(manifestKey(prefix), `${JSON.stringify(manifest, null, 2)}\n`, deps.signal);
  return manifest;
}

function selectSql(sync: SyncFile, columns: readonly TableColumn[], range: ExportRange | null, { from, final }: SyncDeps): string {
  const list = columns.flatMap(({ name, source }) => {
    if (source === null) return [];
    return sync.format === 'copy' ? [source.copySql] : [`${source.jsonSql} as ${quoteName(name, 'clickhouse')}`];
  });
  if (sync.format === 'copy' && list.length > 0) list[0] = `${list[0]} as gccflow_first`;
  const where = range === null ? '' : ` where ${range.sql}`;
  return `select ${list.join(', ')} from ${relationSql(from)}${final ? ' final' : ''}${where}`;
}

/** The PARTITION BY of a large export, or nothing. */
async function partitionSql(sync: SyncFile, columns: readonly TableColumn[], range: ExportRange | null, deps: SyncDeps): Promise<string> {
  const where = range === null ? '' : ` where ${range.sql}`;
  const [row] = await deps.warehouse.query<{ rows: string }>(`select count() as rows from ${relationSql(deps.from)}${where}`, {
    params: range?.params ?? {},
    signal: deps.signal,
  });
  const parts = Math.ceil(Number(row?.rows ?? 0) / partRows);
  const first = columns.find(({ source }) => source !== null);
  if (parts < 2 || !first?.source) return '';
  const column = sync.format === 'copy' ? 'gccflow_first' : quoteName(first.name, 'clickhouse');
  return `partition by cityHash64(${column}) % ${parts} `;
}

async function exportDirectly(
  { prefix, extension, select, partition }: { prefix: string; extension: string; select: string; partition: string },
  range: ExportRange | null,
  deps: SyncDeps,
): Promise<number> {
  const { objects, warehouse, signal } = deps;
  const key = `${prefix}/part-${partition === '' ? '0' : '{_partition_id}'}.${extension}.zst`;
  await objects.prepare(key);
  const into = objects.tableFunction(key, formatOf(extension), null);
  try {
    const cost = await warehouse.execute(`insert into function ${into.sql} ${partition}${select}`, {
      settings: { ...renderSettings, ...into.settings, output_format_compression_level: 1 },
      params: { ...into.params, ...range?.params },
      queryId: queryIdOf(deps),
      signal,
    });
    return cost.writtenRows;
  } catch (thrown) {
    throw storeError(thrown, key);
  }
}

/** What ClickHouse says of the store is an error of the store; anything else stays as it is. */
function storeError(thrown: unknown, key: string): unknown {
  if (!(thrown instanceof GccflowError && thrown.cause instanceof WarehouseFault && thrown.cause.type === 'S3_ERROR')) return thrown;
  return new GccflowError('OBJECTS_UNREACHABLE', `ClickHouse cannot write the object '${key}': ${thrown.cause.message}`, {
    hint: "Check the bucket, the credentials and the endpoint of the target's objects; the server that runs ClickHouse must reach it too.",
    cause: thrown,
  });
}

async function exportThrough(
  prefix: string,
  extension: string,
  select: string,
  range: ExportRange | null,
  deps: SyncDeps,
): Promise<number> {
  const { objects, warehouse, signal } = deps;
  const body = await warehouse.stream(select, {
    format: formatOf(extension),
    settings: renderSettings,
    params: range?.params ?? {},
    queryId: queryIdOf(deps),
    signal,
  });
  let rows = 0;
  const counted = Readable.from(
    (async function* count(): AsyncGenerator<Buffer> {
      for await (const chunk of body) {
        rows += countLines(chunk as Buffer);
        yield chunk as Buffer;
      }
    })(),
  );
  counted.once('error', (thrown) => compressed.destroy(thrown));
  const compressed = counted.pipe(createZstdCompress());
  await objects.put(`${prefix}/part-0.${extension}.zst`, compressed, signal);
  return rows;
}

/** Both formats write one line a row and escape every line end within a value. */
function countLines(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  return lines;
}

async function describeParts(objects: ObjectStore, prefix: string, signal: AbortSignal): Promise<ExportPart[]> {
  const keys = (await objects.list(`${prefix}/part-`)).sort();
  return Promise.all(
    keys.map(async (key) => {
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const chunk of await objects.get(key, signal)) {
        hash.update(chunk);
        bytes += (chunk as Buffer).length;
      }
      if (bytes !== (await objects.size(key)))
        throw new GccflowError('SYNC_EXPORT_CORRUPT', `The object '${key}' changed while it was read.`);
      return { key, bytes, sha256: hash.digest('hex') };
    }),
  );
}

function formatOf(extension: string): string {
  return extension === 'tsv' ? 'TabSeparated' : 'JSONEachRow';
}

function queryIdOf({ runId }: SyncDeps): string {
  return `${runId}-export`;
}
