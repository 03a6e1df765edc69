import { setTimeout as wait } from 'node:timers/promises';
import { hasQueryPrefix, prefixParams } from '../../connections/query-comment.ts';
import type { Warehouse, WarehouseSettings } from '../../connections/warehouse.ts';
import type { Log } from '../../foundation/log.ts';
import type { SinkNode } from '../../manifest/manifest.ts';
import type { ClickHouseDestination } from '../../project/sink-file.ts';
import { selectStored } from '../clickhouse-stored.ts';
import { type ClickHouseTable, prepareTable } from '../clickhouse-table.ts';
import { clickHouseWriteFault } from '../clickhouse-write-fault.ts';
import type { Entry } from '../entry.ts';
import { WriteFault, type WriteOptions, type Writer } from '../writer.ts';

/** Enough for a batch on a server that is merging hard. */
const defaultInsertMs = 30_000;
/** How long `findStored` waits for inserts that were running when it was called; longer than any of them may take. */
const settleMs = 60_000;
const pollMs = 50;

/**
 * A batch is one insert of one block: all of its rows are there or none, as far as they are in one partition.
 * `max_partitions_per_insert_block`: old events may be of any month, and refusing them would help nobody.
 * `deduplicate_blocks_in_dependent_materialized_views`: a view that missed the first try gets the repeat.
 */
const insertSettings: WarehouseSettings = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_block_size: 10_000_000,
  min_insert_block_size_rows: 10_000_000,
  min_insert_block_size_bytes: 1_000_000_000,
  max_partitions_per_insert_block: 0,
  input_format_parallel_parsing: 0,
  input_format_skip_unknown_fields: 0,
  input_format_null_as_default: 0,
  input_format_import_nested_json: 1,
  date_time_input_format: 'best_effort',
};

interface WriterDeps {
  readonly warehouse: Warehouse;
  readonly log: Log;
  /** How long an insert may take before it is killed and tried again. */
  readonly insertMs?: number;
}

/**
 * Writes batches into a ClickHouse table. What keeps a repeat from being stored twice:
 * - The same batch again, in this process or not: its token, as long as the table keeps tokens (`non_replicated_deduplication_window`, which
 *   a created table has for its last 1000 inserts; replicated tables always) and fewer inserts than that lie between. Without it every
 *   repeat of an insert whose answer was lost is stored twice.
 * - The same rows in another batch, after a crash: `deduplicate_by`, by which `findStored` asks the table before they are written again.
 *   The answer holds as long as no other sink stores the same rows in between.
 * - Rows that a materialized view of the table refuses: nothing. ClickHouse has stored the batch by then, and stores its good rows once more
 *   with each part in which the bad one is looked for; a view that misses rows would be worse.
 * - The same rows published twice: nothing here. A ReplacingMergeTree ordered by the identity folds them, for readers with FINAL at once.
 * Throws SINK_TABLE, WAREHOUSE_QUERY and WAREHOUSE_UNREACHABLE.
 */
export async function openClickHouseWriter(
  node: SinkNode,
  to: ClickHouseDestination,
  { warehouse, log, insertMs = defaultInsertMs }: WriterDeps,
): Promise<Writer> {
  const table = await prepareTable(node, to, warehouse);
  if (!table.keepsTokens) {
    log.warn({ table: table.sql }, 'table keeps no insert tokens, so a repeated insert is stored twice');
  }
  return new ClickHouseWriter(node, { table, warehouse, insertMs });
}

interface WriterParts {
  readonly table: ClickHouseTable;
  readonly warehouse: Warehouse;
  readonly insertMs: number;
}

class ClickHouseWriter implements Writer {
  readonly #node: SinkNode;
  readonly #table: ClickHouseTable;
  readonly #warehouse: Warehouse;
  readonly #insertMs: number;
  /** Begins the id of every insert of the sink, in whatever process. */
  readonly #prefix: string;

  constructor(node: SinkNode, { table, warehouse, insertMs }: WriterParts) {
    this.#node = node;
    this.#table = table;
    this.#warehouse = warehouse;
    this.#insertMs = insertMs;
    this.#prefix = `gccflow-sink-${encodeURIComponent(node.name)}-`;
  }

  async write(entries: readonly Entry[], { token, signal }: WriteOptions): Promise<void> {
    const body = linesOf(entries);
    if (body === '') return;
    const timeout = AbortSignal.timeout(this.#insertMs);
    try {
      await this.#warehouse.insert(this.#table.sql, body, {
        format: 'JSONEachRow',
        columns: this.#table.columns,
        queryId: `${this.#prefix}${token}`,
        settings: { ...insertSettings, insert_deduplication_token: token },
        signal: AbortSignal.any([signal, timeout]),
      });
    } catch (error) {
      if (signal.aborted) throw error;
      if (!timeout.aborted) throw clickHouseWriteFault(error, entries);
      throw new WriteFault('outage', 'INSERT_TIMEOUT', `ClickHouse did not store a batch within ${this.#insertMs / 1000} s.`, {
        cause: error,
      });
    }
  }

  async findStored(entries: readonly Entry[], signal: AbortSignal): Promise<ReadonlySet<Entry>> {
    const { deduplicate_by: column } = this.#node.sink;
    if (column === null || entries.length === 0) return new Set();
    try {
      await this.#settled(signal);
      const stored = await selectStored(this.#node.sink, { entries, column, table: this.#table, warehouse: this.#warehouse, signal });
      return new Set(entries.filter(({ ids }) => ids.every((id) => stored.has(id))));
    } catch (error) {
      if (signal.aborted || error instanceof WriteFault) throw error;
      throw clickHouseWriteFault(error, entries);
    }
  }

  /** Waits until the inserts of the sink that run now have ended: one of a process that died may still be stored. */
  async #settled(signal: AbortSignal): Promise<void> {
    const running = await this.#inserts(signal);
    for (const deadline = performance.now() + settleMs; running.size > 0; await wait(pollMs, undefined, { signal })) {
      const still = await this.#inserts(signal);
      for (const id of running) if (!still.has(id)) running.delete(id);
      if (running.size > 0 && performance.now() > deadline) {
        throw new WriteFault('outage', 'INSERT_RUNNING', 'An earlier insert of the sink still runs in ClickHouse.');
      }
    }
  }

  async #inserts(signal: AbortSignal): Promise<Set<string>> {
    const sql = `select query_id as id from system.processes where ${hasQueryPrefix}`;
    const rows = await this.#warehouse.query<{ id: string }>(sql, { params: prefixParams(this.#prefix), signal });
    return new Set(rows.map(({ id }) => id));
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** One row a line; empty where there is none. */
function linesOf(entries: readonly Entry[]): string {
  return entries.flatMap(({ rows }) => rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row)))).join('\n');
}
