import { randomUUID } from 'node:crypto';
import type { Log } from '../foundation/log.ts';
import type { PostgresConfig } from '../project/target-config.ts';
import { type EmbeddedRoutes, readRoutes } from './embedded-broker-routes.ts';
import { openPostgres } from './open-postgres.ts';
import type { Postgres, PostgresConnection } from './postgres.ts';
import { migrateSchema } from './postgres-schema.ts';

export interface LinkOptions {
  readonly config: PostgresConfig;
  readonly projectDir: string;
  readonly log: Log;
  /** Stops the opening. */
  readonly signal: AbortSignal;
}

/** One for claiming, one for waking consumers, the others for publishers and questions. */
const maxConnections = 5;
/** The first half of the advisory locks that sessions hold; the second half is the session's number. */
export const sessionLock = 0x67_63_62_72;
const channel = 'gccflow_broker';

/**
 * Ends the connection of a client that is gone without a word within 25 s, and with it the session's lock. Sorting a whole queue is never
 * better than its index, whatever the statistics say of a table that was empty a minute ago.
 */
const settings = {
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  jit: 'off',
};

/** Opens PostgreSQL, makes the tables, and registers a session. Throws POSTGRES_UNREACHABLE. */
export async function openLink(options: LinkOptions): Promise<EmbeddedLink> {
  const cut = new AbortController();
  const abort = (): void => cut.abort();
  options.signal.throwIfAborted();
  options.signal.addEventListener('abort', abort, { once: true });
  try {
    await using opening = new AsyncDisposableStack();
    const postgres = opening.use(await openPostgres(options.config, { ...options, maxConnections, log: silent, signal: cut.signal }));
    await migrateSchema(postgres);
    const session = opening.use(await postgres.session());
    const holder = await registerSession(session);
    options.signal.throwIfAborted();
    opening.move();
    return new EmbeddedLink(postgres, session, holder, cut);
  } finally {
    options.signal.removeEventListener('abort', abort);
  }
}

/** The lock is taken before the row is seen: a row whose lock is free is that of a session that ended. */
async function registerSession(session: PostgresConnection): Promise<number> {
  const values = Object.entries(settings);
  await session.query(
    `select ${values.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, false)`).join(', ')}`,
    values.flat(),
  );
  const [row] = await session.query<{ id: number }>(`select nextval(pg_get_serial_sequence('gccflow.broker_session', 'id'))::int as id`);
  const id = row?.id ?? 0;
  await session.query('select pg_advisory_lock($1, $2)', [sessionLock, id]);
  await session.query('insert into gccflow.broker_session (id) overriding system value values ($1)', [id]);
  return id;
}

/** A loss is told once, by the broker, and not by every connection of the pool. */
const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

/** One life of the connection to PostgreSQL. What it claimed is its session's, and comes back when the session's backend ends. */
export class EmbeddedLink implements AsyncDisposable {
  readonly postgres: Postgres;
  readonly session: PostgresConnection;
  /** The session's number; no other session ever has it. */
  readonly holder: number;
  /** Names the link among all of this process. */
  readonly name = randomUUID().slice(0, 8);
  readonly #cut: AbortController;
  #onLost: ((reason: string) => void) | null = null;
  #lostReason: string | null = null;
  #routes: Promise<EmbeddedRoutes> | null = null;
  #news = new Set<string>();
  #isTelling = false;
  #closed: Promise<void> | undefined;

  constructor(postgres: Postgres, session: PostgresConnection, holder: number, cut: AbortController) {
    this.postgres = postgres;
    this.session = session;
    this.holder = holder;
    this.#cut = cut;
    session.watch((reason) => this.lose(reason));
  }

  get isLost(): boolean {
    return this.#lostReason !== null;
  }

  /** Calls `onLost` once, when the link is lost; at once when it is. */
  watch(onLost: (reason: string) => void): void {
    this.#onLost = onLost;
    if (this.#lostReason !== null) onLost(this.#lostReason);
  }

  /** Ends the session, so that its deliveries go back; the rest is closed by disposing. */
  lose(reason: string): void {
    if (this.#lostReason !== null) return;
    this.#lostReason = reason;
    void this.session[Symbol.asyncDispose]();
    this.#onLost?.(reason);
  }

  /** Where messages go, as last read. */
  routes(): Promise<EmbeddedRoutes> {
    this.#routes ??= readRoutes(this.postgres);
    return this.#routes;
  }

  forgetRoutes(): void {
    this.#routes = null;
  }

  /** Calls `onNews` for what any broker announces on this server. */
  async listen(onNews: (news: News) => void): Promise<void> {
    await this.session.listen(channel, (payload) => onNews(JSON.parse(payload) as News));
  }

  /**
   * Wakes the consumers of all brokers. Not in the transaction that stores messages: PostgreSQL lets transactions that notify commit one
   * after the other. Who misses it looks by itself within two seconds.
   */
  announce(news: Iterable<News>): void {
    for (const item of news) this.#news.add(JSON.stringify(item));
    if (!this.#isTelling && this.#news.size > 0) void this.#tell();
  }

  /** May be called again: a link that is lost while its broker is disposed is disposed by both. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.isLost) this.#cut.abort();
    else await this.session[Symbol.asyncDispose]();
    await this.postgres[Symbol.asyncDispose]();
  }

  async #tell(): Promise<void> {
    this.#isTelling = true;
    try {
      while (this.#news.size > 0) {
        const payloads = [...this.#news];
        this.#news.clear();
        await this.postgres.query('select pg_notify($1, payload) from unnest($2::text[]) as payload', [channel, payloads]);
      }
    } catch {
      this.#news.clear();
    } finally {
      this.#isTelling = false;
    }
  }
}

/** That a queue got messages, new ones or what somebody had held, or that the delay of one ends some time from now. */
export type News = { readonly queue: string; readonly isBack: boolean } | { readonly dueInMs: number };
