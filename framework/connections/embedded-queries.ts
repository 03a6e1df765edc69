import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { quoteText } from '../foundation/quote.ts';
import { readStart } from './body-start.ts';
import type { EngineSession } from './embedded-engine.ts';
import { embeddedResult } from './embedded-result.ts';
import type { EmbeddedSessions, LentSession } from './embedded-sessions.ts';
import type { Spool } from './embedded-spool.ts';
import { queryComment } from './query-comment.ts';
import { changesSession, inlineFormats, insertFrom } from './statement-text.ts';
import type { WarehouseSettings } from './warehouse.ts';

export interface EmbeddedRequest {
  readonly sql: string;
  readonly queryId: string;
  readonly settings: WarehouseSettings;
  /** In ClickHouse's escaped text form. */
  readonly params: Readonly<Record<string, string>>;
  /** Where names without a database are looked up. */
  readonly database?: string | null | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Of the result, where the SQL names none. */
  readonly format?: string | undefined;
  /** A session to run in, instead of one from the pool. */
  readonly session?: EngineSession | undefined;
}

export interface EmbeddedCost {
  readonly elapsedMs: number;
  readonly readRows: number;
  readonly readBytes: number;
  readonly writtenRows: number;
  readonly writtenBytes: number;
}

/** A query that does not heed its end for as long is left to itself. */
const killMs = 10_000;

/** Numbers of 64 bits as text, as the protocol's own JSON has them. */
const textNumbers = 'output_format_json_quote_64bit_integers = 1';

/** Bodies up to this size go to the engine from memory; larger ones through a file. */
const spoolBytes = 1 << 20;

/** The statements of the embedded engine. Aborting a signal kills the statement and rejects once it is gone. */
export class EmbeddedQueries {
  readonly #sessions: EmbeddedSessions;
  readonly #spool: Spool;

  constructor(sessions: EmbeddedSessions, spool: Spool) {
    this.#sessions = sessions;
    this.#spool = spool;
  }

  /** The whole result, in memory. */
  async read(request: EmbeddedRequest): Promise<{ bytes: Uint8Array; cost: EmbeddedCost }> {
    using lent = await this.#lend(request);
    const result = await this.#killable(request, lent, () => lent.session.run(commented(request), request.format ?? 'TabSeparated'));
    return { bytes: result.bytes, cost: { ...result, writtenRows: 0, writtenBytes: 0 } };
  }

  /** A statement that gives no rows back. */
  async write(request: EmbeddedRequest): Promise<EmbeddedCost> {
    using lent = await this.#lend(request);
    const written = await this.#killable(request, lent, () => lent.session.write(commented(request)));
    return { ...written, readRows: 0, readBytes: 0 };
  }

  /** The result as a stream, computed as it is read; destroying it ends the statement. */
  async stream(request: EmbeddedRequest): Promise<Readable> {
    const lent = await this.#lend(request);
    return embeddedResult({ ...request, sql: commented(request) }, { lent, spool: this.#spool, kill: () => this.kill(request.queryId) });
  }

  /** A result to its end, out of memory when it is large. Fails as the result does. */
  async gather(rows: Readable): Promise<{ read(): Readable } & AsyncDisposable> {
    const start = await readStart(rows, spoolBytes);
    if (start.whole) return { read: () => start.rest(), [Symbol.asyncDispose]: async () => {} };
    return this.#spool.write(start.rest());
  }

  /** An `INSERT … FORMAT X` whose rows are in `body`, as one statement. */
  async insert(request: EmbeddedRequest, body: Readable): Promise<EmbeddedCost> {
    const format = insertFrom(request.sql, '').format;
    const start = inlineFormats.has(format) ? await readStart(body, spoolBytes) : null;
    if (start?.whole && isInline(start.bytes))
      return this.#insertInline({ ...request, sql: request.sql.replace(/[\s;]+$/, '') }, start.bytes);
    await using file = await this.#spool.write(start === null ? body : start.rest(), request.signal);
    return await this.write({ ...request, sql: insertFrom(request.sql, file.path).sql }); // the file goes when this returns
  }

  async #insertInline(request: EmbeddedRequest, bytes: Uint8Array): Promise<EmbeddedCost> {
    using lent = await this.#lend(request);
    const written = await this.#killable(request, lent, () => lent.session.write(commented(request), bytes));
    return { ...written, readRows: 0, readBytes: 0 };
  }

  /** Asks the engine to end a statement. Does nothing where there is none of that id. */
  kill(queryId: string): void {
    this.#sessions.control.runNow(`kill query where startsWith(query, ${quoteText(queryComment(queryId), 'clickhouse')}) async`);
  }

  /** How far a running statement is, as one line of JSON with ClickHouse's names for it; empty where none of that id runs. */
  progress(queryId: string): string {
    const columns =
      'read_rows, read_bytes, written_rows, written_bytes, total_rows_approx as total_rows_to_read, toUInt64(elapsed * 1e9) as elapsed_ns';
    const own = `startsWith(query, ${quoteText(queryComment(queryId), 'clickhouse')})`;
    return this.control(`select ${columns}, memory_usage from system.processes where ${own} settings ${textNumbers}`, 'JSONEachRow').trim();
  }

  /**
   * A KILL, which must not wait for a free session. One that is `sync` resolves when what it kills is gone; the engine itself would
   * hold this thread until then.
   */
  async killNow({ sql, params }: EmbeddedRequest): Promise<EmbeddedCost> {
    const { control } = this.#sessions;
    const started = performance.now();
    const [, where, mode] = /^\s*kill\s+query\s+where\s+([\s\S]*?)(?:\s+(sync|async))?\s*;?\s*$/i.exec(sql) ?? [];
    for (const [name, value] of Object.entries(params)) control.runNow(`set param_${name} = ${quoteText(value, 'clickhouse')}`);
    control.runNow(where === undefined ? sql : `kill query where ${where} async`);
    if (where !== undefined && mode?.toLowerCase() === 'sync') await this.#untilGone(where);
    return { elapsedMs: performance.now() - started, readRows: 0, readBytes: 0, writtenRows: 0, writtenBytes: 0 };
  }

  async #untilGone(where: string): Promise<void> {
    const count = `select count() from system.processes where (${where}) and query_id != queryID()`;
    for (const deadline = performance.now() + killMs; performance.now() < deadline; await wait(10)) {
      if (this.control(count, 'TabSeparated').trim() === '0') return;
    }
  }

  /** Runs a short statement that must not wait for a free session. */
  control(sql: string, format: string): string {
    return this.#sessions.control.runNow(sql, format);
  }

  async #lend(request: EmbeddedRequest): Promise<LentSession> {
    if (request.session) return this.#sessions.prepareOwn(request.session, request);
    const lent = await this.#sessions.lend(request, request.signal);
    if (changesSession(request.sql)) lent.spoil();
    return lent;
  }

  /** Runs to the statement's end even when aborted: its session is free only then. */
  async #killable<Result>({ signal, queryId }: EmbeddedRequest, { session }: LentSession, run: () => Promise<Result>): Promise<Result> {
    signal?.throwIfAborted();
    const kill = (): void => this.kill(queryId);
    signal?.addEventListener('abort', kill, { once: true });
    try {
      return await run();
    } catch (error) {
      session.runNow('select 1'); // a statement that was killed stays in system.processes until the session's next one
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', kill);
    }
  }
}

/** Whether the engine takes rows from behind the statement: an empty line ends them there, and what follows it would be run as SQL. */
function isInline(rows: Buffer): boolean {
  return rows.length > 0 && rows[0] !== lineFeed && !rows.includes('\n\n');
}

const lineFeed = 10;

function commented({ sql, queryId }: EmbeddedRequest): string {
  return queryComment(queryId) + sql;
}
