import type { Warehouse } from '../connections/warehouse.ts';
import { quoteName, quoteText } from '../foundation/quote.ts';
import { type Interval, instantOf } from '../manifest/interval.ts';
import type { NodeId } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import type { Drift, PartitionPrint, PartitionRecord } from '../plan/interval-drift.ts';
import { stagingDatabase } from '../plan/publication.ts';
import { NodeStatements } from './node-statements.ts';

/** The partitions of each publication of a model that is built by intervals, and the intervals it wrote. */
export const partitionLedger: Relation = { database: stagingDatabase, name: 'partitions' };

/** The partitions of a table. Two queries, of which none reads a row: ClickHouse keeps the least and greatest of a partition key's columns. */
export async function readPrints(statements: NodeStatements, relation: Relation, eventTime: string): Promise<PartitionPrint[]> {
  const parts = await statements.query<Omit<PartitionPrint, 'first' | 'last' | 'rows'> & { rows: string }>(
    `select partition_id as partition, sum(parts.rows) as rows,
  concat(toString(max(max_block_number)), '.', toString(max(toUInt64OrZero(splitByChar('_', substring(name, length(partition_id) + 2))[4])))) as writes,
  hex(sipHash128(arraySort(groupArray(hash_of_all_files)))) as content
from system.parts as parts
where active and parts.rows > 0 and database = {database:String} and table = {name:String}
group by partition_id order by partition_id`,
    {},
    { ...relation },
  );
  const column = quoteName(eventTime, 'clickhouse');
  const times = await statements.query<{ partition: string; first: number; last: number }>(
    `select _partition_id as partition, toUnixTimestamp(toDateTime(min(${column}), 'UTC')) as first, toUnixTimestamp(toDateTime(max(${column}), 'UTC')) as last
from ${relationSql(relation)} group by _partition_id`,
  );
  const timesOf = new Map(times.map(({ partition, first, last }) => [partition, { first: instant(first), last: instant(last) }]));
  return parts.flatMap(({ rows, ...print }) => {
    const time = timesOf.get(print.partition);
    return time ? [{ ...print, rows: Number(rows), ...time }] : [];
  });
}

function instant(seconds: number): string {
  return instantOf(new Date(seconds * 1000));
}

/** Makes the ledger if it is not there, and forgets what is of no use any more. */
export async function openPartitionLedger(warehouse: Warehouse): Promise<void> {
  await warehouse.execute(createSql);
  await prunePartitions(new NodeStatements({ warehouse, node: 'gccflow' }));
}

export interface PublicationRecord extends PartitionRecord {
  readonly publication: string;
  readonly node: NodeId;
  readonly relation: Relation;
  readonly run: string;
  readonly recordedAt: Date;
  readonly written: readonly Interval[];
}

/** Records a publication's partitions. Done before the publication: one that does not come about leaves a row that nobody looks up. */
export async function writePartitions(statements: NodeStatements, record: PublicationRecord): Promise<void> {
  const { relation, recordedAt, ...rest } = record;
  const row = { ...rest, database: relation.database, relation: relation.name, recorded_at: recordedAt.getTime() };
  const settings = { async_insert: 0, insert_deduplicate: 0 };
  await statements.insert(relationSql(partitionLedger), JSON.stringify(row), { format: 'JSONEachRow', settings });
}

/** How long the record of a publication is kept that is neither live nor kept for a rollback. */
const keptDays = 30;

/** Forgets the partitions of publications that no table is any more, some at a time: a record is for the table that bears its publication's id. */
async function prunePartitions(statements: NodeStatements): Promise<void> {
  const old = await statements.query<{ publication: string }>(
    `select distinct publication from ${relationSql(partitionLedger)}
where recorded_at < now() - interval ${keptDays} day
  and publication not in (select JSONExtractString(comment, 'gccflow', 'publication') from system.tables where startsWith(comment, '{"gccflow"'))
limit 1000`,
  );
  if (old.length < 100) return; // a mutation rewrites the ledger's parts
  const ids = old.map(({ publication }) => quoteText(publication, 'clickhouse')).join(', ');
  await statements.execute(`alter table ${relationSql(partitionLedger)} delete where publication in (${ids})`);
}

/** The partitions of a publication as they were recorded, or null where they were not. */
export async function readPartitions(statements: NodeStatements, publication: string): Promise<PartitionRecord | null> {
  const [row] = await statements.query<RecordRow>(
    `select partitions, drift from ${relationSql(partitionLedger)} where publication = {publication:String} order by recorded_at desc limit 1`,
    {},
    { publication },
  );
  if (!row) return null;
  return {
    partitions: row.partitions.map(({ rows, ...print }) => ({ ...print, rows: Number(rows) })),
    drift: row.drift.map(({ rowsPublished, rows, ...drift }) => ({ ...drift, rowsPublished: Number(rowsPublished), rows: Number(rows) })),
  };
}

interface RecordRow {
  readonly partitions: readonly (Omit<PartitionPrint, 'rows'> & { readonly rows: string })[];
  readonly drift: readonly (Omit<Drift, 'rows' | 'rowsPublished'> & { readonly rows: string; readonly rowsPublished: string })[];
}

const createSql = `
create table if not exists ${relationSql(partitionLedger)} (
  publication String,
  node String,
  database String,
  relation String,
  run String,
  recorded_at DateTime64(3, 'UTC'),
  written Array(Tuple(start String, end String)),
  partitions Array(Tuple(partition String, rows UInt64, writes String, content String, first String, last String)) codec(ZSTD),
  drift Array(Tuple(partition String, kind String, rowsPublished UInt64, rows UInt64, first String, last String))
)
engine = MergeTree
order by publication`;
