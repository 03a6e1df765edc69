import { GccflowError } from '../foundation/error.ts';
import { relationSql } from '../manifest/relation.ts';
import type { DatedSource, FreshnessReading } from './freshness.ts';
import type { NodeStatements } from './node-statements.ts';

/** Times come as seconds since 1970, which mean the same in every time zone; dates come as dates. */
export const timeSettings = { date_time_output_format: 'unix_timestamp' } as const;

/** Asks the source's own column, expression or query when it was loaded. Throws FRESHNESS_UNKNOWN where it gives no time. */
export async function queryLoadedAt(source: DatedSource, statements: NodeStatements): Promise<FreshnessReading> {
  const [row] = await statements.query<LoadedAt>(freshnessSql(source), timeSettings);
  if (row === undefined) throw new Error(`the freshness query of '${source.id}' gave no row`);
  const maxLoadedAt = parseTime(row.loaded_at, row.type, source);
  if (maxLoadedAt === null) throw withoutTime(source, Number(row.row_count));
  return { maxLoadedAt, checkedAt: secondsOf(row.checked_at) };
}

interface LoadedAt {
  /** ClickHouse type of `loaded_at`. */
  readonly type: string;
  readonly loaded_at: string | null;
  readonly row_count: string;
  readonly checked_at: string;
}

/** One row with `loaded_at`, the newest time of the source, as its own column, expression or query gives it. */
export function freshnessSql({ relation, loadedAt, loadedAtQuery, freshness: { filter } }: DatedSource): string {
  const shown = 'toTypeName(loaded_at) as type, loaded_at, now64(3) as checked_at';
  if (loadedAtQuery !== null) return `with (\n${loadedAtQuery.replace(/;\s*$/, '')}\n) as loaded_at select ${shown}, 1 as row_count`;
  const rows = `${relationSql(relation)}${filter === null ? '' : ` where (\n${filter}\n)`}`;
  return `select ${shown}, row_count from (select maxOrNull(\n${loadedAt}\n) as loaded_at, count() as row_count from ${rows})`;
}

/** Seconds with a fraction, as ClickHouse prints a DateTime64. */
export function secondsOf(seconds: string): Date {
  return new Date(Math.round(Number(seconds) * 1000));
}

/** A date is the midnight, in UTC, with which it begins. */
function parseTime(value: unknown, type: string, source: DatedSource): Date | null {
  const [, name] = /^(?:(?:Nullable|LowCardinality)\()*(DateTime64|DateTime|Date32|Date)\b/.exec(type) ?? [];
  if (name === undefined) {
    const hint = 'Convert it to a DateTime, for example with parseDateTimeBestEffort(…) or fromUnixTimestamp(…).';
    throw new GccflowError('FRESHNESS_UNKNOWN', `${wordOf(source)} of the ${nameOf(source)} gives ${type}, which is no date or time.`, {
      hint,
    });
  }
  if (value === null) return null;
  return name.startsWith('DateTime') ? secondsOf(String(value)) : new Date(`${String(value)}T00:00:00Z`);
}

function withoutTime(source: DatedSource, rowCount: number): GccflowError {
  if (rowCount > 0)
    return new GccflowError('FRESHNESS_UNKNOWN', `${wordOf(source)} of the ${nameOf(source)} gives NULL: no row says when it was loaded.`);
  if (source.freshness.filter === null) return emptySource(source);
  return new GccflowError('FRESHNESS_UNKNOWN', `The ${nameOf(source)} has no row that its freshness filter lets pass.`, {
    hint: 'Let the filter reach back at least as far as error_after.',
  });
}

export function emptySource(source: DatedSource): GccflowError {
  return new GccflowError('FRESHNESS_UNKNOWN', `The ${nameOf(source)} is empty.`, {
    hint: 'Nothing was loaded yet, or everything was removed.',
  });
}

export function missingSource(source: DatedSource, cause?: unknown): GccflowError {
  const hint = "No model builds a source: create it in the warehouse, or correct 'database' and 'identifier'.";
  return new GccflowError('FRESHNESS_UNKNOWN', `The ${nameOf(source)} is not in the warehouse.`, { hint, cause });
}

/** The source for sentences, with its name in ClickHouse. */
export function nameOf({ relation }: DatedSource): string {
  return `source ${relationSql(relation)}`;
}

function wordOf({ loadedAtQuery }: DatedSource): string {
  return loadedAtQuery === null ? "'loaded_at'" : "'loaded_at_query'";
}
