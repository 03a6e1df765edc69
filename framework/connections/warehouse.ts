import type { Readable } from 'node:stream';

/**
 * ClickHouse, a server or the embedded engine, behind one interface.
 * Every method throws `GccflowError` with WAREHOUSE_QUERY (the engine refused; `cause` is a `WarehouseFault`) or WAREHOUSE_UNREACHABLE.
 */
export interface Warehouse extends AsyncDisposable {
  /** `embedded` too where another process of this machine holds it and serves it. */
  readonly kind: 'embedded' | 'server';
  /** Where it is, for sentences: a folder, a host, an endpoint. Never holds a password. */
  readonly location: string;
  /** e.g. `26.7.2.1`. */
  readonly version: string;

  /** All rows of a SELECT, as objects. 64-bit integers come as strings. For results that fit in memory. */
  query<Row = Record<string, unknown>>(sql: string, options?: QueryOptions): Promise<Row[]>;

  /** Runs a statement that returns no rows to the caller; gives back what it cost. */
  execute(sql: string, options?: QueryOptions): Promise<StatementCost>;

  /** The bytes of a SELECT in `format`, streamed. Destroying the stream ends the query. */
  stream(sql: string, options: QueryOptions & { readonly format: string }): Promise<Readable>;

  /** Inserts `body`, which is in `format`, into `table` (SQL, already quoted) in one statement. */
  insert(table: string, body: Readable | string, options: InsertOptions): Promise<StatementCost>;

  /** Ends a running query, which then fails with code 394. Resolves when it is gone or was not there; never waits for a free session. */
  kill(queryId: string): Promise<void>;
}

export interface QueryOptions {
  readonly settings?: WarehouseSettings;
  /** Values of `{name:Type}` placeholders. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** The query's id on the server; made up where none is given. */
  readonly queryId?: string;
  readonly signal?: AbortSignal;
  /** Called while the statement runs, where the engine reports progress. */
  readonly onProgress?: (progress: StatementProgress) => void;
  /** Called with what a `query` cost, when it is done; the other methods give it back. */
  readonly onCost?: (cost: StatementCost) => void;
}

export interface InsertOptions extends QueryOptions {
  readonly format: string;
  /** Columns the body holds, unquoted, in its order; all of the table's where none are given. */
  readonly columns?: readonly string[];
}

export type WarehouseSettings = Readonly<Record<string, string | number | boolean>>;

export interface StatementProgress {
  readonly readRows: number;
  readonly totalRows: number | null;
}

/** What one statement cost. Zero where the engine does not say. */
export interface StatementCost {
  readonly queryId: string;
  readonly elapsedMs: number;
  readonly readRows: number;
  readonly readBytes: number;
  readonly writtenRows: number;
  readonly writtenBytes: number;
  readonly memoryBytes: number;
}

/** What ClickHouse itself said, without the statement's text. */
export class WarehouseFault extends Error {
  override readonly name = 'WarehouseFault';
  /** ClickHouse's error code, e.g. 252; null when the connection failed. */
  readonly code: number | null;
  /** ClickHouse's error name, e.g. TOO_MANY_PARTS. */
  readonly type: string | null;
  /** Whether the same statement may pass later (connection reset, too many parts, memory taken by others, timeouts). */
  readonly retriable: boolean;
  /** Where inserted or read text did not parse, as far as ClickHouse says; null for any other fault. */
  readonly parse: ParsePlace | null;

  constructor(message: string, details: WarehouseFaultDetails) {
    super(message);
    this.code = details.code;
    this.type = details.type;
    this.retriable = details.retriable;
    this.parse = details.parse ?? null;
  }
}

export interface WarehouseFaultDetails {
  readonly code: number | null;
  readonly type: string | null;
  readonly retriable: boolean;
  readonly parse?: ParsePlace | null;
}

/** A value that did not parse; never the value itself. */
export interface ParsePlace {
  /** Counted from 1; a header line is not a row. */
  readonly row: number | null;
  readonly column: string | null;
  /** The column's ClickHouse type. */
  readonly type: string | null;
}
