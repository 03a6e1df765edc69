import { setTimeout as sleep } from 'node:timers/promises';
import type { Postgres, PostgresSession } from '../../connections/postgres.ts';
import { sqlStateOf } from '../../connections/postgres-fault.ts';
import { columnText, insertRowsSql } from '../../connections/postgres-rows.ts';
import { quoteName } from '../../foundation/quote.ts';
import type { SinkNode } from '../../manifest/manifest.ts';
import type { PostgresDestination } from '../../project/sink-file.ts';
import { type Entry, type Fields, fieldsOf } from '../entry.ts';
import { type PostgresTable, preparePostgresTable } from '../postgres-table.ts';
import { postgresWriteFault } from '../postgres-write-fault.ts';
import { WriteFault, type WriteOptions, type Writer } from '../writer.ts';

export interface PostgresWriterDeps {
  /** Stays the caller's. */
  readonly postgres: Postgres;
}

/** How long one transaction may take. A server behind a dead network never answers, and its rows are better written over another connection. */
const writeMs = 30_000;
/** How often a transaction that may have been committed is asked for. */
const pollMs = 100;

/**
 * Opens the writer of a PostgreSQL table: the rows of each write are stored in one transaction, all or none.
 * With `key` a row that is there is updated, the last one of a key winning; else rows are added, and where `deduplicate_by` has a unique
 * index those that are there are left alone: both are harmless to repeat, by anybody. Without either, the same process repeats nothing
 * (a commit that was not answered is asked for by its transaction id), and a redelivery is looked up by `deduplicate_by`.
 * Throws SINK_TABLE, POSTGRES_UNREACHABLE, POSTGRES_QUERY.
 */
export async function openPostgresWriter(node: SinkNode, { postgres }: PostgresWriterDeps): Promise<Writer> {
  const { to, deduplicate_by } = node.sink;
  if (!('postgres' in to)) throw new Error(`sink '${node.name}' does not write to PostgreSQL`);
  return new PostgresWriter(await preparePostgresTable(node, to satisfies PostgresDestination, postgres), deduplicate_by, postgres);
}

class PostgresWriter implements Writer {
  readonly #postgres: Postgres;
  readonly #columns: readonly ColumnText[];
  readonly #insertSql: string;
  readonly #findSql: string | null;
  readonly #lock: string;
  /** Transactions whose commit was not answered, by the token of their write. */
  readonly #doubtful = new Map<string, string>();

  constructor(table: PostgresTable, deduplicateBy: string | null, postgres: Postgres) {
    this.#postgres = postgres;
    this.#columns = table.columns.map(({ name, castType }) => ({ name, isArray: castType.endsWith('[]') }));
    this.#insertSql = insertSql(table);
    this.#findSql = findSql(table, deduplicateBy);
    this.#lock = `gccflow sink ${table.sql}`;
  }

  async write(entries: readonly Entry[], { token, signal }: WriteOptions): Promise<void> {
    const rows = entries.flatMap((entry) => entry.rows.map(fieldsOf));
    if (rows.length === 0) return;
    let transactionId: string | null = null;
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(writeMs)]);
    try {
      if (await this.#wasCommitted(token, bounded)) return;
      await this.#postgres.transaction(async (session) => {
        transactionId = await this.#insert(session, rows);
      }, bounded);
    } catch (thrown) {
      signal.throwIfAborted();
      const fault = bounded.aborted ? lateFault(thrown) : postgresWriteFault(thrown, entries.length);
      if (transactionId !== null && fault.kind === 'outage') this.#doubtful.set(token, transactionId);
      throw fault;
    }
  }

  async findStored(entries: readonly Entry[], signal: AbortSignal): Promise<ReadonlySet<Entry>> {
    const asked = entries.filter(({ ids }) => ids.length > 0);
    const sql = this.#findSql;
    if (sql === null || asked.length === 0) return new Set();
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(writeMs)]);
    try {
      return await this.#postgres.transaction(async (session) => {
        // Every write holds the lock until its commit is done, that of a process that died meanwhile too.
        await session.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [this.#lock]);
        return findEntries(session, sql, asked);
      }, bounded);
    } catch (thrown) {
      signal.throwIfAborted();
      throw bounded.aborted ? lateFault(thrown) : postgresWriteFault(thrown, entries.length);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Stores the rows, and gives back the id of the transaction: known before the commit, so that it can be asked for after a lost answer. */
  async #insert(session: PostgresSession, rows: readonly Fields[]): Promise<string | null> {
    const values = this.#columns.map((column) => rows.map((row) => columnText(row[column.name], column.isArray)));
    const [stored] = await session.query<{ id: string }>(this.#insertSql, [this.#lock, ...values]);
    return stored?.id ?? null;
  }

  /** Whether an earlier try of the same write was stored after all. A server that no longer knows is taken at its word that it was not. */
  async #wasCommitted(token: string, signal: AbortSignal): Promise<boolean> {
    const id = this.#doubtful.get(token);
    if (id === undefined) return false;
    for (;;) {
      const [row] = await this.#postgres.transaction(
        (session) => session.query<{ status: string | null }>('select pg_xact_status($1::xid8) as status', [id]),
        signal,
      );
      if (row?.status !== 'in progress') {
        this.#doubtful.delete(token);
        return row?.status === 'committed';
      }
      await sleep(pollMs, undefined, { signal });
    }
  }
}

interface ColumnText {
  readonly name: string;
  readonly isArray: boolean;
}

const lateFault = (cause: unknown): WriteFault =>
  new WriteFault('outage', 'TIMEOUT', `PostgreSQL did not store the rows within ${writeMs / 1000} s.`, { cause });

/**
 * One statement for any number of rows. Should its answer be lost on the way, the server ends the transaction by its own clock, and with it
 * the locks that a repeat would wait for.
 */
function insertSql({ sql, columns, uniqueBy, updates }: PostgresTable): string {
  const result = `
    select pg_current_xact_id()::text as id, pg_advisory_xact_lock_shared(hashtextextended($1, 0)) as locked,
      set_config('idle_in_transaction_session_timeout', '${writeMs}', true) as timeout`;
  return `with written as (${insertRowsSql({ sql, columns, key: uniqueBy, updates, newerBy: null, firstParameter: 2 })}) ${result}`;
}

function findSql({ sql, columns }: PostgresTable, deduplicateBy: string | null): string | null {
  const column = columns.find(({ name }) => name === deduplicateBy);
  if (column === undefined) return null;
  const stored = `select from ${sql} t where t.${quoteName(column.name, 'postgres')} = asked.id::${column.castType}`;
  return `select n::int as place from unnest($1::text[]) with ordinality as asked(id, n) where exists (${stored})`;
}

/** An id that its column cannot hold makes the question fail; it is in no row, and the others are asked for without it. */
async function findEntries(session: PostgresSession, sql: string, entries: readonly Entry[]): Promise<ReadonlySet<Entry>> {
  await session.query('savepoint asking');
  try {
    const ids = entries.flatMap((entry) => entry.ids);
    const found = new Set((await session.query<{ place: number }>(sql, [ids])).map(({ place }) => place));
    let place = 0;
    return new Set(entries.filter((entry) => entry.ids.filter(() => !found.has(++place)).length === 0));
  } catch (thrown) {
    if (!/^22/.test(sqlStateOf(thrown) ?? '')) throw thrown;
    await session.query('rollback to savepoint asking');
    if (entries.length === 1) return new Set();
    const half = entries.length >> 1;
    const first = await findEntries(session, sql, entries.slice(0, half));
    return first.union(await findEntries(session, sql, entries.slice(half)));
  }
}
