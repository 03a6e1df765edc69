import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ClickHouseClientConfigOptions } from '@clickhouse/client';
import type { EmbeddedCost, EmbeddedQueries, EmbeddedRequest } from './embedded-queries.ts';
import { formatParam } from './format-param.ts';
import { queryComment } from './query-comment.ts';
import { firstWord, isReading } from './statement-text.ts';
import type { WarehouseSettings } from './warehouse.ts';
import { faultOf } from './warehouse-fault.ts';

/** The contract between `@clickhouse/client` and what carries its statements. */
export type ClientConnection = NonNullable<ClickHouseClientConfigOptions['connection']>;
type Statement = Parameters<ClientConnection['query']>[0];

/** Settings that belong to HTTP; the client adds some by itself. */
const httpSettings: ReadonlySet<string> = new Set([
  'wait_end_of_query',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'enable_http_compression',
  'default_format',
  'http_response_buffer_size',
]);

/** Carries the statements of a `@clickhouse/client` to the engine in this process. */
export function embeddedConnection(queries: EmbeddedQueries, close: () => Promise<void>): ClientConnection {
  return {
    async query(params) {
      const request = requestOf(params);
      const { bytes, cost } = await faulty(request, queries.read(request));
      const headers = { 'x-clickhouse-summary': JSON.stringify(summaryOf(cost)) };
      return { ...answer(request), response_headers: headers, stream: Readable.from([bytes]) };
    },
    async exec(params) {
      const request = requestOf(params);
      const { values } = params;
      if (values !== undefined)
        return { ...answer(request, await faulty(request, queries.insert(request, values))), stream: Readable.from([]) };
      if (isReading(request.sql)) return { ...answer(request), stream: await faulty(request, queries.stream(request)) };
      return { ...answer(request, await faulty(request, queries.write(request))), stream: Readable.from([]) };
    },
    async command(params) {
      const request = requestOf(params);
      if (firstWord(request.sql) === 'kill') return answer(request, await faulty(request, queries.killNow(request)));
      return answer(request, await faulty(request, queries.write(request)));
    },
    async insert(params) {
      const request = requestOf(params);
      const body = typeof params.values === 'string' ? Readable.from([params.values]) : params.values;
      return answer(request, await faulty(request, queries.insert(request, body)));
    },
    async ping() {
      try {
        queries.control('select 1', 'TabSeparated');
        return { success: true };
      } catch (error) {
        return { success: false, error: error as Error };
      }
    },
    close,
  };
}

function requestOf({ query, query_id, clickhouse_settings, query_params, abort_signal }: Statement): EmbeddedRequest {
  const settings = Object.entries((clickhouse_settings ?? {}) as WarehouseSettings).filter(
    ([name, value]) => value !== undefined && !httpSettings.has(name),
  );
  const params = Object.entries(query_params ?? {}).map(([name, value]) => [name, formatParam(value)]);
  return {
    sql: query,
    queryId: query_id ?? randomUUID(),
    settings: Object.fromEntries(settings),
    params: Object.fromEntries(params),
    signal: abort_signal,
  };
}

function answer(request: EmbeddedRequest, cost?: EmbeddedCost) {
  return { query_id: request.queryId, response_headers: {}, http_status_code: 200, ...(cost && { summary: summaryOf(cost) }) };
}

function summaryOf(cost: EmbeddedCost) {
  return {
    read_rows: String(cost.readRows),
    read_bytes: String(cost.readBytes),
    written_rows: String(cost.writtenRows),
    written_bytes: String(cost.writtenBytes),
    total_rows_to_read: '0',
    result_rows: '0',
    result_bytes: '0',
    elapsed_ns: String(Math.round(cost.elapsedMs * 1e6)),
  };
}

/** Turns the engine's errors into ours, with places counted in the caller's text. */
async function faulty<Result>({ queryId, signal }: EmbeddedRequest, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw signal?.aborted ? error : faultOf(error, queryComment(queryId).length);
  }
}
