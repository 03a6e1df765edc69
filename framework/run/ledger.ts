import type { StatementCost, Warehouse } from '../connections/warehouse.ts';
import type { NodeId } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { type PublicationComment, stagingDatabase } from '../plan/publication.ts';
import { NodeStatements } from './node-statements.ts';

/** One publication, as the ledger keeps it. */
export interface LedgerEntry {
  readonly publication: string;
  readonly node: NodeId;
  readonly relation: Relation;
  readonly run: string;
  /** `repaired`: the run died after publishing, and the live table's comment told the tale. */
  readonly event: 'published' | 'repaired' | 'rolled back';
  readonly mode: string;
  readonly fingerprint: string | null;
  readonly startedAt: Date | null;
  readonly publishedAt: Date;
  readonly rowsWritten: number;
  readonly costs: readonly StatementCost[];
}

export const ledger: Relation = { database: stagingDatabase, name: 'publications' };

/** Makes the ledger if it is not there. */
export async function createLedger(warehouse: Warehouse): Promise<void> {
  await warehouse.execute(createLedgerSql);
}

export async function writeLedger(statements: NodeStatements, entries: readonly LedgerEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map((entry) => JSON.stringify(ledgerRow(entry))).join('\n');
  await statements.insert(relationSql(ledger), rows, { format: 'JSONEachRow', settings: { async_insert: 0, insert_deduplicate: 0 } });
}

/** Adds the publications that live tables bear in their comments and the ledger does not know. Gives back their number. */
export async function repairLedger(warehouse: Warehouse, live: readonly LiveEntry[], now: Date): Promise<number> {
  if (live.length === 0) return 0;
  const known = await warehouse.query<{ publication: string }>(
    `select distinct publication from ${relationSql(ledger)} where publication in ({ids:Array(String)})`,
    { params: { ids: live.map(({ comment }) => comment.publication) } },
  );
  const recorded = new Set(known.map(({ publication }) => publication));
  const missing = live.filter(({ comment }) => !recorded.has(comment.publication));
  await writeLedger(
    new NodeStatements({ warehouse, node: 'gccflow' }),
    missing.map(({ relation, comment }) => ({
      publication: comment.publication,
      node: comment.node,
      relation,
      run: comment.run,
      event: 'repaired',
      mode: 'unknown',
      fingerprint: comment.fingerprint,
      startedAt: null,
      publishedAt: now,
      rowsWritten: 0,
      costs: [],
    })),
  );
  return missing.length;
}

export interface LiveEntry {
  readonly relation: Relation;
  readonly comment: PublicationComment;
}

function ledgerRow({ costs, relation, ...entry }: LedgerEntry) {
  const sum = (pick: (cost: StatementCost) => number) => Math.round(costs.reduce((total, cost) => total + pick(cost), 0));
  return {
    publication: entry.publication,
    node: entry.node,
    database: relation.database,
    relation: relation.name,
    run: entry.run,
    event: entry.event,
    mode: entry.mode,
    fingerprint: entry.fingerprint,
    started_at: entry.startedAt?.getTime() ?? null,
    published_at: entry.publishedAt.getTime(),
    rows_written: entry.rowsWritten,
    statements: costs.map(({ queryId }) => queryId),
    elapsed_ms: sum(({ elapsedMs }) => elapsedMs),
    read_rows: sum(({ readRows }) => readRows),
    read_bytes: sum(({ readBytes }) => readBytes),
    written_rows: sum(({ writtenRows }) => writtenRows),
    written_bytes: sum(({ writtenBytes }) => writtenBytes),
    memory_bytes: Math.max(0, ...costs.map(({ memoryBytes }) => memoryBytes)),
  };
}

const createLedgerSql = `
create table if not exists ${relationSql(ledger)} (
  publication String,
  node String,
  database String,
  relation String,
  run String,
  event LowCardinality(String),
  mode LowCardinality(String),
  fingerprint Nullable(String),
  started_at Nullable(DateTime64(3, 'UTC')),
  published_at DateTime64(3, 'UTC'),
  rows_written UInt64,
  statements Array(String),
  elapsed_ms UInt64,
  read_rows UInt64,
  read_bytes UInt64,
  written_rows UInt64,
  written_bytes UInt64,
  memory_bytes UInt64
)
engine = MergeTree
order by (node, published_at)`;
