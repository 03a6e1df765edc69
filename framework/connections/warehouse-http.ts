import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Log } from '../foundation/log.ts';
import { withClientQueryIds } from './client-query-ids.ts';
import type { EmbeddedQueries, EmbeddedRequest } from './embedded-queries.ts';
import type { EmbeddedWarehouse } from './embedded-warehouse.ts';
import { HttpAnswer } from './http-answer.ts';
import { authenticate, type Credentials } from './http-auth.ts';
import { HttpFault, httpFailure } from './http-fault.ts';
import type { HttpSessions } from './http-sessions.ts';
import { type HttpStatement, readStatement } from './http-statement.ts';
import { queryComment } from './query-comment.ts';
import { firstWord, isReading } from './statement-text.ts';

interface HttpDeps {
  readonly credentials: Credentials;
  readonly named: HttpSessions;
  readonly log: Log;
}

/** ClickHouse's HTTP protocol for an embedded engine: one request, one statement. */
export class WarehouseHttp {
  readonly credentials: Credentials;
  readonly #queries: EmbeddedQueries;
  readonly #version: string;
  readonly #named: HttpSessions;
  readonly #log: Log;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor({ queries }: EmbeddedWarehouse, { credentials, named, log }: HttpDeps) {
    this.#queries = queries;
    this.credentials = credentials;
    this.#named = named;
    this.#log = log;
    this.#version = queries.control('select version()', 'TabSeparatedRaw').trim();
  }

  /** Answers one request; never throws. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const work = this.#respond(request, response);
    this.#running.add(work);
    await work;
    this.#running.delete(work);
  }

  /** Ends what runs; resolves when nothing does. */
  async stop(): Promise<void> {
    this.#stopping.abort(new HttpFault(236, 'ABORTED', 'The warehouse is closing.'));
    await Promise.all(this.#running);
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://warehouse');
    if (['/ping', '/replicas_status'].includes(url.pathname)) return void response.end('Ok.\n');
    const answer = new HttpAnswer(request, response);
    let queryId: string | undefined;
    try {
      if (url.pathname !== '/') return void response.writeHead(404).end('There is no handle for this path.\n');
      if (request.method === 'GET' && !url.searchParams.has('query')) return void response.end('Ok.\n');
      authenticate(request, url, this.credentials);
      const statement = await readStatement(request, url);
      queryId = statement.queryId;
      await this.#run(statement, answer, response);
    } catch (error) {
      const failure = httpFailure(error, this.#version, queryId === undefined ? 0 : queryComment(queryId).length);
      this.#log.debug({ queryId, code: failure.code }, 'statement failed');
      answer.fail(failure, queryId);
    }
  }

  async #run(statement: HttpStatement, answer: HttpAnswer, response: ServerResponse): Promise<void> {
    using named = statement.session && this.#named.take(statement.session);
    const gone = new AbortController();
    const leave = (): void => gone.abort(new HttpFault(210, 'NETWORK_ERROR', 'The client went away.'));
    response.once('close', leave);
    const reading = isReading(statement.sql);
    const request: EmbeddedRequest = {
      ...statement,
      sql: withClientQueryIds(statement.sql),
      session: named?.session,
      signal: reading ? AbortSignal.any([gone.signal, this.#stopping.signal]) : this.#stopping.signal,
    };
    using _telling = this.#tellProgress(statement, answer);
    if (reading) return await this.#read(statement, request, answer);
    answer.done(statement, await this.#write(request, statement.rows));
  }

  #tellProgress({ queryId, progressEveryMs }: HttpStatement, answer: HttpAnswer): Disposable {
    if (progressEveryMs === null) return { [Symbol.dispose]: () => {} };
    const tell = (): void => {
      const told = this.#queries.progress(queryId);
      if (told !== '') answer.progress(told);
    };
    const timer = setInterval(tell, Math.max(progressEveryMs, 10));
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  async #read(statement: HttpStatement, request: EmbeddedRequest, answer: HttpAnswer): Promise<void> {
    const failureOf = (error: unknown) => httpFailure(error, this.#version, queryComment(statement.queryId).length);
    const rows = await this.#queries.stream(request);
    await using whole = statement.waitEnd ? await this.#queries.gather(rows) : null;
    await answer.stream(statement, whole?.read() ?? rows, failureOf);
  }

  #write(request: EmbeddedRequest, rows: Readable | null) {
    if (rows) return this.#queries.insert(request, rows);
    return firstWord(request.sql) === 'kill' ? this.#queries.killNow(request) : this.#queries.write(request);
  }
}
