import type { Readable } from 'node:stream';

/** PostgreSQL, a server or the embedded one. Throws POSTGRES_UNREACHABLE or POSTGRES_QUERY (`cause` is a `PostgresFault`). */
export interface Postgres extends PostgresQueries, AsyncDisposable {
  readonly kind: 'embedded' | 'server';
  /** e.g. `18.4`. */
  readonly version: string;
  /** Runs `work` on one connection inside a transaction; rolls back when it throws or the signal aborts. */
  transaction<Result>(work: (session: PostgresSession) => Promise<Result>, signal?: AbortSignal): Promise<Result>;
  /** One connection of its own, for advisory locks and session settings. */
  session(): Promise<PostgresSession & AsyncDisposable>;
}

/** What runs one statement: a session, or the server on any free connection. */
export interface PostgresQueries {
  query<Row = Record<string, unknown>>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
}

export interface PostgresSession extends PostgresQueries {
  /** Streams bytes into `copy … from stdin`; gives back the number of rows. */
  copyFrom(sql: string, body: Readable, signal?: AbortSignal): Promise<number>;
}

/** What PostgreSQL itself said, without values of rows and without the statement's text. */
export class PostgresFault extends Error {
  override readonly name = 'PostgresFault';
  /** e.g. `23505`; null when the connection failed. */
  readonly sqlState: string | null;
  /** Where a COPY stood, e.g. `line 3, column views`; null elsewhere. */
  readonly place: string | null;

  constructor(message: string, details: { sqlState: string | null; place: string | null }) {
    super(message);
    this.sqlState = details.sqlState;
    this.place = details.place;
  }
}
