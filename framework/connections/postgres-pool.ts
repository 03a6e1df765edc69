import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Log } from '../foundation/log.ts';
import { quoteName } from '../foundation/quote.ts';
import type { Postgres, PostgresConnection, PostgresSession } from './postgres.ts';
import { postgresError } from './postgres-fault.ts';

export interface PoolOptions {
  readonly kind: Postgres['kind'];
  /** The server's URL, password included. Never logged. */
  readonly url: string;
  readonly maxConnections: number;
  /** A connection that nobody has used for so long is closed; none is where nothing is said. */
  readonly idleMs?: number;
  readonly log: Log;
  /** Once it aborts, the server has a few seconds to answer; then the connections are cut. */
  readonly signal?: AbortSignal;
}

/** How long a connection may be silent before the system asks whether the other side is still there. */
const keepAliveMs = 30_000;
/** How long the server may take to end what is cancelled. One behind a dead network never answers. */
const farewellMs = 3_000;

/** Opens a pool and proves it by one query. Throws POSTGRES_UNREACHABLE. */
export async function openPool({ kind, url, maxConnections, idleMs = 0, log, signal }: PoolOptions): Promise<Postgres> {
  const place = placeOf(url);
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: 15_000,
    idleTimeoutMillis: idleMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    application_name: 'gccflow',
    stream: socketsOf(signal),
  });
  pool.on('error', (err) => {
    if (!pool.ending) log.warn({ place, message: postgresError(err, place).message }, 'idle connection lost');
  });
  // A connection that is lent out and lost says so through its next query; without a listener it would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  const open = new OpenPool(kind, pool, place);
  try {
    await open.readVersion();
    return open;
  } catch (thrown) {
    await pool.end();
    throw thrown;
  }
}

/** Makes the sockets of a pool, those that are still connecting too, and cuts them some time after `signal` aborts. */
function socketsOf(signal: AbortSignal | undefined): () => Socket {
  const sockets = new Set<Socket>();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  signal?.addEventListener('abort', () => setTimeout(cut, farewellMs).unref(), { once: true });
  return () => {
    const socket = new Socket();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
}

class OpenPool implements Postgres {
  readonly kind: Postgres['kind'];
  version = '';
  readonly #pool: pg.Pool;
  readonly #place: string;

  constructor(kind: Postgres['kind'], pool: pg.Pool, place: string) {
    this.kind = kind;
    this.#pool = pool;
    this.#place = place;
  }

  async readVersion(): Promise<void> {
    const [row] = await this.query<{ server_version: string }>('show server_version');
    this.version = row?.server_version.split(' ')[0] ?? '';
  }

  async query<Row>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    return runQuery<Row>(this.#pool, sql, params, this.#place);
  }

  async transaction<Result>(work: (session: PostgresSession) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    signal?.throwIfAborted();
    const client = await this.#connect();
    let cutting: NodeJS.Timeout | undefined;
    let isCancelled = false; // the cancellation may come late, and is not to meet what the next user of the connection runs
    const cancel = (): void => {
      isCancelled = true;
      this.#cancel(client);
      cutting = setTimeout(() => void client.end().catch(() => {}), farewellMs);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    let broken = true;
    try {
      const session = new Session(client, this.#place);
      await session.query('begin');
      const result = await this.#finish(session, work, signal);
      broken = false;
      return result;
    } finally {
      signal?.removeEventListener('abort', cancel);
      clearTimeout(cutting);
      client.release(broken || isCancelled);
    }
  }

  async session(): Promise<PostgresConnection> {
    const client = await this.#connect();
    return new Session(client, this.#place);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  /** Commits. A failure leaves the transaction to the end of its connection, which rolls it back. */
  async #finish<Result>(session: Session, work: (session: PostgresSession) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    try {
      const result = await work(session);
      signal?.throwIfAborted();
      await session.query('commit');
      return result;
    } catch (thrown) {
      await session.query('rollback').catch(() => {});
      throw thrown;
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (thrown) {
      throw postgresError(thrown, this.#place);
    }
  }

  /** Ends what the connection is running, from another one; the statement then fails by itself. */
  #cancel(client: pg.PoolClient): void {
    const { processID } = client as unknown as { readonly processID: number };
    this.query('select pg_cancel_backend($1)', [processID]).catch(() => {});
  }
}

class Session implements PostgresConnection {
  readonly #client: pg.PoolClient;
  readonly #place: string;
  readonly #watching = new DisposableStack();
  #running = 0;
  #hasPrepared = false;

  constructor(client: pg.PoolClient, place: string) {
    this.#client = client;
    this.#place = place;
  }

  async query<Row>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    this.#running++;
    try {
      return await runQuery<Row>(this.#client, sql, params, this.#place);
    } finally {
      this.#running--;
    }
  }

  async prepared<Row>(name: string, sql: string, params: readonly unknown[]): Promise<Row[]> {
    this.#running++;
    this.#hasPrepared = true;
    try {
      const { rows } = await this.#client.query({ name, text: sql, values: [...params] });
      return rows as Row[];
    } catch (thrown) {
      throw postgresError(thrown, this.#place);
    } finally {
      this.#running--;
    }
  }

  async copyFrom(sql: string, body: Readable, signal?: AbortSignal): Promise<number> {
    const copy = this.#client.query(copyFrom(sql));
    // The pipeline ends both streams with one error; who had it first says whose it is.
    let ofBody = false;
    copy.once('error', () => body.removeListener('error', blame));
    const blame = (): void => {
      ofBody = true;
    };
    body.once('error', blame);
    try {
      await pipeline(body, copy, signal === undefined ? {} : { signal });
      return copy.rowCount;
    } catch (thrown) {
      signal?.throwIfAborted();
      throw ofBody ? thrown : postgresError(thrown, this.#place);
    }
  }

  async listen(channel: string, onNotify: (payload: string) => void): Promise<void> {
    const onNotification = (notification: pg.Notification): void => {
      if (notification.channel === channel) onNotify(notification.payload ?? '');
    };
    this.#client.on('notification', onNotification);
    this.#watching.defer(() => this.#client.off('notification', onNotification));
    await this.query(`listen ${quoteName(channel, 'postgres')}`);
  }

  watch(onLost: (reason: string) => void): void {
    let isLost = false;
    const lose = (thrown?: Error): void => {
      if (!isLost) onLost(thrown === undefined ? 'the connection was closed' : postgresError(thrown, this.#place).message);
      isLost = true;
    };
    this.#client.on('error', lose);
    this.#client.on('end', lose);
    this.#watching.defer(() => this.#client.off('error', lose).off('end', lose));
  }

  /**
   * Its locks and settings are gone when this resolves; a connection that is lost or still at work is destroyed, and so is one with prepared
   * statements: the driver would go on using them after the server has forgotten them.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching.dispose();
    if (this.#running > 0 || this.#hasPrepared) return this.#client.release(true);
    try {
      await this.query('rollback');
      await this.query('discard all');
      this.#client.release();
    } catch {
      this.#client.release(true);
    }
  }
}

async function runQuery<Row>(on: pg.Pool | pg.PoolClient, sql: string, params: readonly unknown[], place: string): Promise<Row[]> {
  try {
    const { rows } = await on.query(sql, [...params]);
    return rows as Row[];
  } catch (thrown) {
    throw postgresError(thrown, place);
  }
}

/** `host:port` of a URL; what an error may say of it. */
function placeOf(url: string): string {
  const { hostname, port, pathname } = URL.parse(url) ?? { hostname: '', port: '', pathname: '' };
  return `${hostname}:${port || '5432'}${pathname}`;
}
