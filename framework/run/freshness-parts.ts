import type { Warehouse } from '../connections/warehouse.ts';
import { GccflowError } from '../foundation/error.ts';
import { relationKey } from '../plan/warehouse-state.ts';
import type { DatedSource, FreshnessReading } from './freshness.ts';
import { emptySource, missingSource, nameOf, secondsOf, timeSettings } from './freshness-query.ts';
import { NodeStatements } from './node-statements.ts';
import type { RanStatement } from './run-result.ts';

/** What the parts of a table tell, or why they do not. */
export type PartsReading = FreshnessReading | GccflowError;

interface TableParts {
  readonly database: string;
  readonly name: string;
  readonly engine: string;
  readonly loaded_at: string | null;
  readonly checked_at: string;
}

/**
 * When the newest part with rows of each source was written, in one round trip. A merge or mutation writes parts too, so this is the
 * latest time at which rows can have come, not the one at which they came.
 */
export async function readPartsTimes(
  sources: readonly DatedSource[],
  { warehouse, signal }: { readonly warehouse: Warehouse; readonly signal: AbortSignal },
): Promise<{ readonly readings: ReadonlyMap<DatedSource, PartsReading>; readonly statements: readonly RanStatement[] }> {
  if (sources.length === 0) return { readings: new Map(), statements: [] };
  const statements = new NodeStatements({ warehouse, node: 'gccflow', signal });
  const databases = [...new Set(sources.map(({ relation }) => relation.database))];
  const names = [...new Set(sources.map(({ relation }) => relation.name))];
  const rows = await statements.query<TableParts>(partsSql, timeSettings, { databases, names });
  const byKey = new Map(rows.map((row) => [relationKey(row), row]));
  return {
    readings: new Map(sources.map((source) => [source, readingOf(source, byKey.get(relationKey(source.relation)))])),
    statements: statements.ran,
  };
}

const partsSql = `select database, name, engine, loaded_at, now64(3) as checked_at
from system.tables
left join (
  select database, table as name, maxOrNull(modification_time) as loaded_at
  from system.parts
  where active and rows > 0 and database in ({databases:Array(String)}) and table in ({names:Array(String)})
  group by database, name
) as written using (database, name)
where database in ({databases:Array(String)}) and name in ({names:Array(String)})`;

function readingOf(source: DatedSource, row: TableParts | undefined): PartsReading {
  if (row === undefined) return missingSource(source);
  if (!row.engine.endsWith('MergeTree')) {
    const hint = "Declare 'loaded_at' or 'loaded_at_query'.";
    const message = `The ${nameOf(source)} does not tell when it was written: its engine ${row.engine} keeps no parts.`;
    return new GccflowError('FRESHNESS_UNKNOWN', message, { hint });
  }
  if (row.loaded_at === null) return emptySource(source);
  return { maxLoadedAt: secondsOf(row.loaded_at), checkedAt: secondsOf(row.checked_at) };
}
