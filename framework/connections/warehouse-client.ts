import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { type ClickHouseClient, type CommandResult, createClient } from '@clickhouse/client';
import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import type { ClientConnection } from './embedded-connection.ts';
import { failingChunks } from './failing-chunks.ts';
import { pullStream } from './pull-stream.ts';
import { isQuery, queryParams } from './query-comment.ts';
import {
  type InsertOptions,
  type QueryOptions,
  type StatementCost,
  type StatementProgress,
  type Warehouse,
  WarehouseFault,
  type WarehouseSettings,
} from './warehouse.ts';
import { faultOf } from './warehouse-fault.ts';

/** What is done when a statement returns is done. */
export const writeSettings: WarehouseSettings = { async_insert: 0, mutations_sync: 2, alter_sync: 2 };

/** Settings of every statement, so that results do not depend on how a server is set up. */
export const baseSettings: WarehouseSettings = {
  ...writeSettings,
  output_format_json_quote_64bit_integers: 1,
};

/** Header lines now and then, so that nothing between here and a server takes a long statement for a dead connection. */
const keptAlive = { send_progress_in_http_headers: 1, http_headers_progress_interval_ms: '110000' } as const;

/** A gzip body that breaks off inserts nothing. Level 1 takes a third of the CPU time of 6, and rows of JSON are 3 % larger. */
const requestCompression = { codec: 'gzip', level: 1 } as const;

const progressEveryMs = 250;
const requestTimeoutMs = 24 * 3_600_000;
/** How long a server may take to say its version. A statement may take as long as it likes, a greeting may not. */
const openTimeoutMs = 15_000;
/** How long a KILL QUERY may take: also where nothing answers any more. */
const killTimeoutMs = 5_000;
/** How long statements that tidy up may take once everything is to stop. */
const graceMs = 5_000;

export interface WarehouseAddress {
  readonly kind: Warehouse['kind'];
  readonly location: string;
  readonly database?: string;
  readonly connect:
    | { readonly url: string; readonly username?: string; readonly password?: string }
    | { readonly connection: ClientConnection };
  /** Connections, so statements, at once. */
  readonly sessions: number;
  /** Aborts when everything is to stop. Statements without a signal of their own then have a few seconds left. */
  readonly signal?: AbortSignal;
}

/** A `Warehouse` over `@clickhouse/client`, whatever carries its statements. Throws WAREHOUSE_UNREACHABLE when it does not answer. */
export async function connectWarehouse(address: WarehouseAddress): Promise<Warehouse> {
  const client = createClient({
    ...address.connect,
    ...(address.database !== undefined && { database: address.database }),
    application: 'gccflow',
    max_open_connections: address.sessions + 2,
    request_timeout: requestTimeoutMs,
    compression: { request: requestCompression, response: false },
    max_response_headers_size: 1 << 20,
    log: { level: 127 },
  });
  const warehouse = new ClientWarehouse(client, address);
  try {
    await warehouse.readVersion();
    return warehouse;
  } catch (error) {
    await client.close();
    throw error;
  }
}

class ClientWarehouse implements Warehouse {
  readonly kind: Warehouse['kind'];
  readonly #client: ClickHouseClient;
  readonly location: string;
  readonly #end: AbortSignal;
  #version = '';

  constructor(client: ClickHouseClient, { kind, location, signal }: WarehouseAddress) {
    this.#client = client;
    this.kind = kind;
    this.location = location;
    this.#end = afterGrace(signal);
  }

  get version(): string {
    return this.#version;
  }

  async readVersion(): Promise<void> {
    const timeout = AbortSignal.timeout(openTimeoutMs);
    try {
      const [row] = await this.query<{ version: string }>('select version() as version', { signal: timeout });
      this.#version = row?.version ?? '';
    } catch (thrown) {
      if (!timeout.aborted) throw thrown;
      throw unreachable(this.location, new WarehouseFault(`nothing within ${openTimeoutMs / 1000} s.`, silent));
    }
  }

  query<Row = Record<string, unknown>>(sql: string, options: QueryOptions = {}): Promise<Row[]> {
    return this.#run(options, async (statement) => {
      const started = performance.now();
      const settings = { ...statement.clickhouse_settings, wait_end_of_query: 1 as const };
      const result = await this.#client.query({ ...statement, query: sql, format: 'JSONEachRow', clickhouse_settings: settings });
      const rows = await result.json<Row>();
      options.onCost?.(costOf(statement.query_id, started, summaryOf(result.response_headers)));
      return rows;
    });
  }

  execute(sql: string, options: QueryOptions = {}): Promise<StatementCost> {
    return this.#run(options, async (statement) => {
      const started = performance.now();
      const settings = { ...keptAlive, ...statement.clickhouse_settings, wait_end_of_query: 1 as const }; // so that the summary is of the whole statement
      const { summary } = await this.#client.command({ ...statement, query: sql, clickhouse_settings: settings });
      return costOf(statement.query_id, started, summary);
    });
  }

  stream(sql: string, { format, ...options }: QueryOptions & { readonly format: string }): Promise<Readable> {
    return this.#run(options, async (statement) => {
      const { stream, response_headers: headers } = await this.#client.exec({ ...statement, query: `${sql}\nformat ${format}` });
      return this.#released(stream, {
        queryId: statement.query_id,
        tag: String(headers['x-clickhouse-exception-tag'] ?? ''),
        signal: options.signal,
      });
    });
  }

  /** The stream of a driver, which fails with our errors and ends its query when it is given up. */
  #released(stream: Readable, { queryId, tag, signal }: { queryId: string; tag: string; signal: AbortSignal | undefined }): Readable {
    const chunks = failingChunks(stream, tag);
    const released = pullStream({
      next: async () => (await chunks.next()).value ?? null,
      stop: () => {
        stream.destroy();
        void this.kill(queryId).catch(() => {}); // what cannot be reached cannot be killed
      },
      failure: (error) => (signal?.aborted ? cancelled(signal) : this.#failure(error)),
    });
    const stop = (): void => void released.destroy(cancelled(signal));
    signal?.addEventListener('abort', stop, { once: true });
    return released.once('close', () => signal?.removeEventListener('abort', stop));
  }

  insert(table: string, body: Readable | string, { format, columns, ...options }: InsertOptions): Promise<StatementCost> {
    return this.#run(options, async (statement) => {
      const started = performance.now();
      const names = columns ? ` (${columns.map((name) => quoteName(name, 'clickhouse')).join(', ')})` : '';
      const values = typeof body === 'string' ? Readable.from([body], { objectMode: false }) : body;
      const result = await this.#client.exec({ ...statement, query: `insert into ${table}${names} format ${format}`, values });
      for await (const _ of result.stream);
      return costOf(statement.query_id, started, result.summary);
    });
  }

  async kill(queryId: string): Promise<void> {
    const statement = { query: `kill query where ${isQuery} sync`, query_params: queryParams(queryId) };
    const signal = AbortSignal.any([AbortSignal.timeout(killTimeoutMs), this.#end]);
    if (signal.aborted) throw cancelled(signal); // the client waits for an abort that has been before for ever
    await this.#attempt(() => this.#client.command({ ...statement, abort_signal: signal }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }

  async #run<Result>(options: QueryOptions, run: (statement: Statement) => Promise<Result>): Promise<Result> {
    const queryId = options.queryId ?? randomUUID();
    const signal = options.signal ? AbortSignal.any([options.signal, this.#end]) : this.#end;
    if (signal.aborted) throw cancelled(signal);
    using _ = this.#watch(queryId, options.onProgress);
    const statement: Statement = {
      query_id: queryId,
      clickhouse_settings: { ...baseSettings, ...options.settings },
      ...(options.params && { query_params: { ...options.params } }),
      abort_signal: signal,
    };
    try {
      return await this.#attempt(() => run(statement));
    } catch (error) {
      if (!signal.aborted) throw error;
      await this.kill(queryId).catch(() => {}); // what cannot be reached cannot be killed
      throw cancelled(signal);
    }
  }

  async #attempt<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(thrown: unknown): GccflowError {
    if (thrown instanceof GccflowError) return thrown;
    const fault = faultOf(thrown);
    if (fault.code === null) return unreachable(this.location, fault);
    const said = fault.type === null ? `code ${fault.code}` : `${fault.type}, code ${fault.code}`;
    if (authCodes.has(fault.code)) return unreachable(this.location, fault);
    return new GccflowError('WAREHOUSE_QUERY', `ClickHouse refused the statement (${said}): ${fault.message}`, { cause: fault });
  }

  #watch(queryId: string, onProgress: QueryOptions['onProgress']): Disposable {
    if (!onProgress) return { [Symbol.dispose]: () => {} };
    const timer = setInterval(() => void this.#reportProgress(queryId, onProgress).catch(() => {}), progressEveryMs);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  async #reportProgress(queryId: string, onProgress: (progress: StatementProgress) => void): Promise<void> {
    const result = await this.#client.query({
      query: `select read_rows, total_rows_approx from system.processes where ${isQuery}`,
      query_params: queryParams(queryId),
      format: 'JSONEachRow',
    });
    const [row] = await result.json<{ read_rows: string; total_rows_approx: string }>();
    if (row) onProgress({ readRows: Number(row.read_rows), totalRows: Number(row.total_rows_approx) || null });
  }
}

interface Statement {
  readonly query_id: string;
  readonly clickhouse_settings: Record<string, string | number | boolean>;
  readonly query_params?: Record<string, unknown>;
  readonly abort_signal: AbortSignal;
}

const silent = { code: null, type: 'TIMEOUT_EXCEEDED', retriable: true };

/** Aborts a grace after `signal`, or never. */
function afterGrace(signal: AbortSignal | undefined): AbortSignal {
  const end = new AbortController();
  const startGrace = (): void => void setTimeout(() => end.abort(signal?.reason), graceMs).unref();
  if (signal?.aborted) startGrace();
  else signal?.addEventListener('abort', startGrace, { once: true });
  return end.signal;
}

const authCodes: ReadonlySet<number> = new Set([192, 193, 194, 516]);

function unreachable(name: string, fault: WarehouseFault): GccflowError {
  const why = fault.code === null ? fault.message : 'it refuses the user or the password.';
  return new GccflowError('WAREHOUSE_UNREACHABLE', `ClickHouse at ${name} does not answer: ${why}`, {
    cause: fault,
    hint: "'gccflow debug' tries every connection of the target.",
  });
}

function cancelled(signal: AbortSignal | undefined): GccflowError {
  return new GccflowError('CANCELLED', 'The statement was stopped before it finished.', { cause: signal?.reason });
}

function summaryOf(headers: Readonly<Record<string, unknown>>): CommandResult['summary'] {
  const summary = headers['x-clickhouse-summary'];
  return typeof summary === 'string' ? (JSON.parse(summary) as NonNullable<CommandResult['summary']>) : undefined;
}

function costOf(queryId: string, started: number, summary: CommandResult['summary']): StatementCost {
  const figure = (name: string): number => Number((summary as Record<string, string> | undefined)?.[name] ?? 0);
  return {
    queryId,
    elapsedMs: Number(summary?.elapsed_ns ?? 0) / 1e6 || performance.now() - started,
    readRows: figure('read_rows'),
    readBytes: figure('read_bytes'),
    writtenRows: figure('written_rows'),
    writtenBytes: figure('written_bytes'),
    memoryBytes: figure('memory_usage'),
  };
}
