import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  type InsertOptions,
  type StatementCost,
  type StatementProgress,
  type Warehouse,
  WarehouseFault,
} from '../connections/warehouse.ts';
import { GccflowError } from '../foundation/error.ts';
import type { NodeId } from '../manifest/manifest.ts';
import type { StatementSettings } from '../materializations/statement.ts';
import type { RanStatement } from './run-result.ts';

/**
 * The statements of one node: each has a query id of its own and a comment that names the node, they are kept with their costs, and an abort ends
 * the one that is running on the server too.
 */
export class NodeStatements {
  /** Those that ended well, in their order. */
  readonly ran: RanStatement[] = [];
  readonly #warehouse: Warehouse;
  readonly #comment: string;
  readonly #signal: AbortSignal | null;
  readonly #onProgress: ((progress: StatementProgress) => void) | null;

  constructor({ warehouse, node, signal = null, onProgress = null }: NodeStatementsOptions) {
    this.#warehouse = warehouse;
    this.#comment = `/* gccflow ${JSON.stringify({ node }).replaceAll('*/', '*\\/')} */`;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  async execute(text: string, settings: StatementSettings = {}): Promise<StatementCost> {
    const sql = `${this.#comment} ${text}`;
    const cost = await this.#run((options) => this.#warehouse.execute(sql, { ...options, settings }));
    this.ran.push({ ...cost, sql });
    return cost;
  }

  async query<Row>(text: string, settings: StatementSettings = {}, params: Readonly<Record<string, unknown>> = {}): Promise<Row[]> {
    const sql = `${this.#comment} ${text}`;
    const onCost = (cost: StatementCost): void => void this.ran.push({ ...cost, sql });
    return this.#run((options) => this.#warehouse.query<Row>(sql, { ...options, settings, params, onCost }));
  }

  /** `table` is SQL, already quoted. */
  async insert(
    table: string,
    body: Readable | string,
    insert: Omit<InsertOptions, 'queryId' | 'signal' | 'onProgress'>,
  ): Promise<StatementCost> {
    const into = `${this.#comment} ${table}`;
    const cost = await this.#run((options) => this.#warehouse.insert(into, body, { ...options, ...insert }));
    this.ran.push({ ...cost, sql: `insert into ${into} format ${insert.format}` });
    return cost;
  }

  async #run<Result>(work: (options: RunningOptions) => Promise<Result>): Promise<Result> {
    this.#signal?.throwIfAborted();
    const queryId = randomUUID();
    const options = { queryId, ...(this.#signal && { signal: this.#signal }), ...(this.#onProgress && { onProgress: this.#onProgress }) };
    try {
      return await work(options);
    } catch (thrown) {
      this.#signal?.throwIfAborted();
      // After a lost connection the server may still be at it.
      if (faultOf(thrown)?.code === null) await this.#warehouse.kill(queryId).catch(() => {});
      throw thrown;
    }
  }
}

export interface NodeStatementsOptions {
  readonly warehouse: Warehouse;
  readonly node: NodeId | 'gccflow';
  readonly signal?: AbortSignal | null;
  readonly onProgress?: ((progress: StatementProgress) => void) | null;
}

interface RunningOptions {
  readonly queryId: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: StatementProgress) => void;
}

/** What ClickHouse itself said, where it was ClickHouse that failed. */
export function faultOf(thrown: unknown): WarehouseFault | null {
  if (thrown instanceof WarehouseFault) return thrown;
  return thrown instanceof GccflowError && thrown.cause instanceof WarehouseFault ? thrown.cause : null;
}
