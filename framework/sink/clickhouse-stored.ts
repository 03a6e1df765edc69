import { parseClickHouseType } from '../connections/clickhouse-type.ts';
import type { Warehouse } from '../connections/warehouse.ts';
import { quoteName, quoteText } from '../foundation/quote.ts';
import type { SinkFile } from '../project/sink-file.ts';
import type { ClickHouseTable } from './clickhouse-table.ts';
import { type Entry, fieldsOf, type Row } from './entry.ts';
import { parseTime } from './time-value.ts';

interface StoredSearch {
  readonly entries: readonly Entry[];
  /** Column of the ids. */
  readonly column: string;
  readonly table: ClickHouseTable;
  readonly warehouse: Warehouse;
  readonly signal: AbortSignal;
}

/** Ids in one statement; and their characters, beside the 16 MB that a statement may then have. */
const maxIds = 2000;
const maxCharacters = 1_000_000;

/** The ids of these entries that the table has. Only the partitions and ranges are read in which the rows would be. */
export async function selectStored(sink: SinkFile, { entries, column, table, warehouse, signal }: StoredSearch): Promise<Set<string>> {
  const stored = new Set<string>();
  const name = quoteName(column, 'clickhouse');
  const ranges = table.keyColumns.flatMap((key) => timeRange(key, sink, entries) ?? []).map((range) => ` and ${range}`);
  for (const ids of chunksOf([...new Set(entries.flatMap((entry) => entry.ids))])) {
    // As texts within the statement: over HTTP parameters stand in the address, which has room for a few hundred.
    const list = ids.map((id) => quoteText(id, 'clickhouse')).join(', ');
    const sql = `select distinct toString(${name}) as id from ${table.sql} where ${name} in (${list})${ranges.join('')}`;
    const rows = await warehouse.query<{ id: string }>(sql, { settings: { max_query_size: 16_000_000 }, signal });
    for (const { id } of rows) stored.add(id.replace(/\0+$/, '')); // a FixedString is filled up
  }
  return stored;
}

function* chunksOf(ids: readonly string[]): Generator<readonly string[]> {
  let chunk: string[] = [];
  let characters = 0;
  for (const id of ids) {
    if (chunk.length === maxIds || (chunk.length > 0 && characters + id.length > maxCharacters)) {
      yield chunk;
      chunk = [];
      characters = 0;
    }
    chunk.push(id);
    characters += id.length;
  }
  if (chunk.length > 0) yield chunk;
}

/** The time in which the rows lie that may be stored, as a condition on a column; null where nothing is known of it. */
function timeRange(name: string, { columns, transform }: SinkFile, entries: readonly Entry[]): string | null {
  const column = columns[name];
  const literal = column && literals[typeName(column.type)];
  if (column === undefined || literal === undefined || transform !== null) return null;
  const quoted = quoteName(name, 'clickhouse');
  const seconds = entries.flatMap(({ rows }) => rows.map((row) => secondsOf(row, name)));
  const known = seconds.filter((second) => second !== null);
  if (column.value === 'now' || column.delivery === 'received_at') {
    const published = earliestPublished(entries, known[0] ?? Number.NEGATIVE_INFINITY);
    return published === null ? null : `${quoted} >= ${literal(published - clockSkew)}`;
  }
  if (column.delivery !== null) return null; // a message that was published again has other facts
  if (known.length === 0 || known.length < seconds.length) return null;
  const [low, high] = known.reduce(([least, most], second) => [Math.min(least, second), Math.max(most, second)], [Infinity, -Infinity]);
  const upper = high + finest > lastNano ? '' : ` and ${quoted} <= ${literal(high + finest)}`;
  return `${quoted} >= ${literal(low)}${upper}`;
}

/** By how much clocks of publishers may be wrong, in seconds: what they say of a message bounds when it can have become a row. */
const clockSkew = 86_400;
/** Added to the last second, for its fractions, and to the last day. */
const finest = 86_400;
/** In 2262, past which ClickHouse cannot compare with nanoseconds. */
const lastNano = 9_223_372_035;

/** Null where one of them does not say, or says a time after its row was made: some write milliseconds where AMQP has seconds. */
function earliestPublished(entries: readonly Entry[], made: number): number | null {
  const times = entries.map(({ delivery }) => delivery.publishedAt?.getTime() ?? Number.NaN);
  const seconds = times.map((time) => Math.floor(time / 1000));
  if (!seconds.every((second) => second - clockSkew <= made)) return null;
  return seconds.reduce((least, second) => Math.min(least, second), made);
}

function typeName(type: string): string {
  const { name, args } = parseClickHouseType(type);
  return name === 'Nullable' || name === 'LowCardinality' ? typeName(args[0] ?? '') : name;
}

function secondsOf(row: Row, name: string): number | null {
  const value = fieldsOf(row)[name];
  return typeof value === 'number' ? value : (parseTime(value)?.seconds ?? null);
}

/** A second as a value of the column's type, within the type's range. */
const literals: Readonly<Record<string, (second: number) => string>> = {
  Date: (second) => `toDate('${dayOf(within(second, 0, 5_662_310_399))}')`,
  Date32: (second) => `toDate32('${dayOf(within(second, -2_208_988_800, 10_413_791_999))}')`,
  DateTime: (second) => `toDateTime(${within(second, 0, 4_294_967_295)})`,
  DateTime64: (second) => `toDateTime64(${within(second, -2_208_988_800, lastNano)}, 0)`,
};

function within(second: number, low: number, high: number): number {
  return Math.min(Math.max(second, low), high);
}

function dayOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
