import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { readStart } from './body-start.ts';
import { HttpFault } from './http-fault.ts';
import { isBodyInsert, splitInsert } from './statement-text.ts';

/** One statement as ClickHouse's HTTP protocol brings it. */
export interface HttpStatement {
  readonly sql: string;
  /** The rows of an `INSERT … FORMAT X`. */
  readonly rows: Readable | null;
  readonly queryId: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
  readonly database: string | null;
  readonly format: string;
  readonly session: { readonly id: string; readonly timeoutMs: number; readonly mustExist: boolean } | null;
  /** Answer only when the statement is done, so that its failure has a status of its own. */
  readonly waitEnd: boolean;
  readonly progressEveryMs: number | null;
  readonly compress: boolean;
}

/** What is no setting among the parameters of a URL. */
const protocolNames: ReadonlySet<string> = new Set([
  'add_http_cors_header',
  'buffer_size',
  'cancel_http_readonly_queries_on_client_close',
  'client_protocol_version',
  'close_session',
  'compress',
  'database',
  'decompress',
  'default_format',
  'enable_http_compression',
  'http_headers_progress_interval_ms',
  'http_response_buffer_size',
  'http_zlib_compression_level',
  'password',
  'query',
  'query_id',
  'quota_key',
  'role',
  'send_progress_in_http_headers',
  'session_check',
  'session_id',
  'session_timeout',
  'stacktrace',
  'user',
  'wait_end_of_query',
]);

/** A statement's text without its rows, if that is what the body begins with, ends within this. */
const longestText = 64 << 20;
const defaultSessionTimeoutMs = 60_000;

/** Reads a request up to where the rows of an insert begin. Throws `HttpFault`. */
export async function readStatement(request: IncomingMessage, url: URL): Promise<HttpStatement> {
  const query = url.searchParams;
  if (isOn(query.get('decompress')) || isOn(query.get('compress'))) {
    throw new HttpFault(48, 'NOT_IMPLEMENTED', "ClickHouse's own compression is not supported: use Content-Encoding and Accept-Encoding.");
  }
  const { sql, rows } = await readText(query.get('query') ?? '', request);
  return {
    sql,
    rows,
    queryId: query.get('query_id') ?? header(request, 'x-clickhouse-query-id') ?? randomUUID(),
    settings: settingsOf(query, request.method),
    params: paramsOf(query),
    database: query.get('database') ?? header(request, 'x-clickhouse-database'),
    format: query.get('default_format') ?? header(request, 'x-clickhouse-format') ?? 'TabSeparated',
    session: sessionOf(query),
    waitEnd: isOn(query.get('wait_end_of_query')),
    progressEveryMs: isOn(query.get('send_progress_in_http_headers'))
      ? Number(query.get('http_headers_progress_interval_ms') ?? 100)
      : null,
    compress: isOn(query.get('enable_http_compression')),
  };
}

export function isOn(value: string | null): boolean {
  return value === '1' || value === 'true';
}

export function header(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
}

async function readText(query: string, request: IncomingMessage): Promise<{ sql: string; rows: Readable | null }> {
  const body = decoded(request);
  if (isBodyInsert(query)) return { sql: query, rows: body };
  const start = await readStart(body, 1 << 20);
  const insert = query === '' ? splitInsert(start.bytes) : null;
  if (insert) return { sql: insert.sql, rows: startingWith(insert.rest, start.whole ? null : start.rest(start.bytes.length)) };
  const text = start.whole ? start.bytes : (await readStart(start.rest(), longestText)).bytes;
  if (text.length > longestText) throw new HttpFault(307, 'TOO_MANY_BYTES', 'The statement is too long.');
  const sql = query === '' ? text.toString('utf8') : text.length === 0 ? query : `${query}\n${text.toString('utf8')}`;
  if (sql.trim() === '') throw new HttpFault(62, 'SYNTAX_ERROR', 'Empty query.');
  return { sql, rows: null };
}

function startingWith(start: Uint8Array, rest: Readable | null): Readable {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    if (start.length > 0) yield start;
    if (rest) yield* rest as AsyncIterable<Uint8Array>;
  }
  return Readable.from(chunks(), { objectMode: false });
}

function decoded(request: IncomingMessage): Readable {
  const encoding = header(request, 'content-encoding') ?? '';
  const decoder = {
    '': null,
    identity: null,
    gzip: createGunzip,
    deflate: createInflate,
    br: createBrotliDecompress,
    zstd: createZstdDecompress,
  }[encoding];
  if (decoder === undefined)
    throw new HttpFault(48, 'NOT_IMPLEMENTED', `Content-Encoding '${encoding}' is not supported: use gzip, zstd, br or deflate.`);
  if (decoder === null) return request;
  const body = decoder();
  request.on('error', (error) => body.destroy(error));
  return request.pipe(body);
}

function settingsOf(query: URLSearchParams, method: string | undefined): Record<string, string> {
  const settings = [...query].filter(([name]) => !protocolNames.has(name) && !name.startsWith('param_'));
  return { ...Object.fromEntries(settings), ...(method === 'GET' && { readonly: '2' }) };
}

function paramsOf(query: URLSearchParams): Record<string, string> {
  const params = [...query].filter(([name]) => name.startsWith('param_'));
  return Object.fromEntries(params.map(([name, value]) => [name.slice('param_'.length), value]));
}

function sessionOf(query: URLSearchParams): HttpStatement['session'] {
  const id = query.get('session_id');
  if (id === null) return null;
  const timeout = Number(query.get('session_timeout'));
  return { id, timeoutMs: timeout > 0 ? timeout * 1000 : defaultSessionTimeoutMs, mustExist: isOn(query.get('session_check')) };
}
