import { randomBytes } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliCompress, createDeflate, createGzip, createZstdCompress } from 'node:zlib';
import type { EmbeddedCost } from './embedded-queries.ts';
import { EarlyHeaders } from './http-early-headers.ts';
import type { HttpFailure } from './http-fault.ts';
import { type HttpStatement, header } from './http-statement.ts';
import { namedFormat } from './statement-text.ts';

type EncoderStream = Transform & { flush(done: () => void): void };

const encoders: readonly (readonly [string, () => EncoderStream])[] = [
  ['zstd', createZstdCompress],
  ['gzip', createGzip],
  ['br', createBrotliCompress],
  ['deflate', createDeflate],
];

const contentTypes: Readonly<Record<string, string>> = {
  CSV: 'text/csv; charset=UTF-8; header=absent',
  CSVWithNames: 'text/csv; charset=UTF-8; header=present',
  JSON: 'application/json; charset=UTF-8',
  JSONEachRow: 'application/x-ndjson; charset=UTF-8',
  Parquet: 'application/octet-stream',
  TabSeparated: 'text/tab-separated-values; charset=UTF-8',
};

/** The answer to one request. */
export class HttpAnswer {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #early: EarlyHeaders;
  readonly #tag = randomBytes(12).toString('base64url').slice(0, 16);
  #begun = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    this.#early = new EarlyHeaders(response);
  }

  /** Tells how far a statement is, until its answer begins. */
  progress(told: string): void {
    if (!this.#begun) this.#early.tell('X-ClickHouse-Progress', told);
  }

  /** A statement that gave no rows. */
  done(statement: HttpStatement, cost: EmbeddedCost): void {
    this.#begin(200, { ...headersOf(statement, 'TabSeparated'), 'X-ClickHouse-Summary': summaryOf(cost), 'Content-Length': 0 }).end();
  }

  /** Sends a result as it comes. When it fails half-way, the failure follows the rows and the stream is broken off. */
  async stream(statement: HttpStatement, rows: Readable, failureOf: (error: unknown) => HttpFailure): Promise<void> {
    const format = namedFormat(statement.sql) ?? statement.format;
    const encoder = statement.compress ? this.#encoder() : null;
    const body = this.#begin(200, {
      ...headersOf(statement, format),
      'X-ClickHouse-Exception-Tag': this.#tag,
      'X-ClickHouse-Summary': summaryOf(noCost),
      ...(encoder && { 'Content-Encoding': encoder.name }),
    });
    const sent = encoder && pipeline(encoder.stream, body);
    try {
      await pipeline(rows, encoder?.stream ?? body, { end: false });
      (encoder?.stream ?? body).end();
      await sent;
    } catch (error) {
      sent?.catch(() => {});
      await this.#breakOff(body, encoder?.stream ?? null, failureOf(error));
    }
  }

  /** A statement that failed before anything was sent. */
  fail({ status, code, text }: HttpFailure, queryId?: string): void {
    if (this.#begun) return void this.#response.destroy();
    const id = queryId === undefined ? {} : { 'X-ClickHouse-Query-Id': queryId };
    this.#begin(status, {
      'Content-Type': 'text/plain; charset=UTF-8',
      'X-ClickHouse-Exception-Code': code,
      ...id,
      Connection: 'close',
    }).end(text);
  }

  #begin(status: number, headers: OutgoingHttpHeaders): Writable {
    this.#begun = true;
    return this.#early.begun ? this.#early.finish(headers) : this.#response.writeHead(status, headers);
  }

  /** ClickHouse's own way: the text between two marks that carry the tag of the headers; then no last chunk, so that any client sees it. */
  async #breakOff(body: Writable, encoder: EncoderStream | null, { text }: HttpFailure): Promise<void> {
    if (this.#response.destroyed) return;
    const last = `\r\n__exception__\r\n${this.#tag}\r\n${text}${Buffer.byteLength(text)} ${this.#tag}\r\n__exception__\r\n`;
    await new Promise<void>((resolve) => (encoder ?? body).write(last, () => resolve()));
    if (encoder) await new Promise<void>((resolve) => encoder.flush(resolve));
    setImmediate(() => this.#response.destroy());
  }

  #encoder(): { readonly name: string; readonly stream: EncoderStream } | null {
    const accepted = (header(this.#request, 'accept-encoding') ?? '').split(',').map((name) => name.trim().split(';')[0]);
    const found = encoders.find(([name]) => accepted.includes(name));
    return found ? { name: found[0], stream: found[1]() } : null;
  }
}

const noCost: EmbeddedCost = { elapsedMs: 0, readRows: 0, readBytes: 0, writtenRows: 0, writtenBytes: 0 };

function headersOf({ queryId }: HttpStatement, format: string): OutgoingHttpHeaders {
  return {
    'Content-Type': contentTypes[format] ?? 'text/plain; charset=UTF-8',
    'X-ClickHouse-Format': format,
    'X-ClickHouse-Query-Id': queryId,
    'X-ClickHouse-Server-Display-Name': 'gccflow',
    'X-ClickHouse-Timezone': 'UTC',
  };
}

function summaryOf({ readRows, readBytes, writtenRows, writtenBytes, elapsedMs }: EmbeddedCost): string {
  return JSON.stringify({
    read_rows: String(readRows),
    read_bytes: String(readBytes),
    written_rows: String(writtenRows),
    written_bytes: String(writtenBytes),
    total_rows_to_read: '0',
    result_rows: '0',
    result_bytes: '0',
    elapsed_ns: String(Math.round(elapsedMs * 1e6)),
  });
}
