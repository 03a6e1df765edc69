import type { Readable } from 'node:stream';

/** PostgreSQL, a server or the embedded one. Throws POSTGRES_UNREACHABLE or POSTGRES_QUERY (`cause` is a `PostgresFault`). */
export interface Postgres extends PostgresQueries, AsyncDisposable {
  readonly kind: 'embedded' | 'server';
  /** e.g. `18.4`. */
  readonly version: string;
  /**
   * Runs `work` on one connection inside a transaction; rolls back when it throws or the signal aborts. A server that does not heed the
   * signal loses the connection some seconds later.
   */
  transaction<Result>(work: (session: PostgresSession) => Promise<Result>, signal?: AbortSignal): Promise<Result>;
  /** One connection of its own, for advisory locks, session settings and notifications. */
  session(): Promise<PostgresConnection>;
}

/** What runs one statement: a session, or the server on any free connection. */
export interface PostgresQueries {
  query<Row = Record<string, unknown>>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
}

export interface PostgresSession extends PostgresQueries {
  /** Streams bytes into `copy … from stdin`; gives back the number of rows. */
  copyFrom(sql: string, body: Readable, signal?: AbortSignal): Promise<number>;
}

/** A connection of its own: what it locks, sets and listens to ends with it. Runs one statement at a time. */
export interface PostgresConnection extends PostgresSession, AsyncDisposable {
  /** As `query`, for a statement that is run over and over: it is read and planned once. A name always stands for the same text. */
  prepared<Row = Record<string, unknown>>(name: string, sql: string, params: readonly unknown[]): Promise<Row[]>;
  /** Calls `onNotify` with the payload of every notification on `channel` from now on. */
  listen(channel: string, onNotify: (payload: string) => void): Promise<void>;
  /** Calls `onLost` should the connection end before it is disposed. */
  watch(onLost: (reason: string) => void): void;
}

/** What PostgreSQL itself said, without values of rows and without the statement's text. */
export class PostgresFault extends Error {
  override readonly name = 'PostgresFault';
  /** e.g. `23505`; null when the connection failed. */
  readonly sqlState: string | null;
  /** Where a COPY stood, e.g. `line 3, column views`; null elsewhere. */
  readonly place: string | null;
  /** The message is that of a RAISE in the database's own code, and may hold values. */
  readonly isRaised: boolean;

  constructor(message: string, details: { sqlState: string | null; place: string | null; isRaised: boolean }) {
    super(message);
    this.sqlState = details.sqlState;
    this.place = details.place;
    this.isRaised = details.isRaised;
  }
}
