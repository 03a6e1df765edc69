import type { Postgres, PostgresConnection } from '../../connections/postgres.ts';
import { GccflowError } from '../../foundation/error.ts';

/**
 * A statement is planned once and then kept, and the table may be a thousand times as long an hour later: it is planned as for a long one,
 * by its indexes and without sorting. Joins by hashing or merging would read all of an index for a handful of rows: 730 µs a task instead
 * of 20. A client that is gone without a word is noticed within 25 s.
 */
const settings = {
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
  plan_cache_mode: 'force_generic_plan',
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
};

/** More would only wait for each other in PostgreSQL: two keep a core of it busy, and the third is for what lasts longer. */
const maxLanes = 3;

/** Connections of a task queue for the statements that it runs over and over: opened when they are needed, and kept. */
export class QueueLanes implements AsyncDisposable {
  readonly #postgres: Postgres;
  readonly #idle: PostgresConnection[] = [];
  readonly #waiting: (() => void)[] = [];
  #used = 0;
  #isClosed = false;

  constructor(postgres: Postgres) {
    this.#postgres = postgres;
  }

  /** Runs `work` on a connection that is nobody else's meanwhile. One that fails to answer is not used again. */
  async with<Result>(work: (lane: PostgresConnection) => Promise<Result>): Promise<Result> {
    if (this.#used === maxLanes) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#used++;
    try {
      return await this.#run(this.#idle.pop() ?? (await this.#open()), work);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#used--;
      else next();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const lane of this.#idle.splice(0)) await lane[Symbol.asyncDispose]();
  }

  async #run<Result>(lane: PostgresConnection, work: (lane: PostgresConnection) => Promise<Result>): Promise<Result> {
    try {
      const result = await work(lane);
      await this.#keep(lane);
      return result;
    } catch (thrown) {
      if (thrown instanceof GccflowError && thrown.code === 'POSTGRES_QUERY') await this.#keep(lane);
      else await lane[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async #keep(lane: PostgresConnection): Promise<void> {
    if (this.#isClosed) await lane[Symbol.asyncDispose]();
    else this.#idle.push(lane);
  }

  /** One that is lost while nobody uses it fails nobody's call. */
  #forget(lane: PostgresConnection): void {
    const place = this.#idle.indexOf(lane);
    if (place < 0) return;
    this.#idle.splice(place, 1);
    void lane[Symbol.asyncDispose]();
  }

  async #open(): Promise<PostgresConnection> {
    const lane = await this.#postgres.session();
    const values = Object.entries(settings);
    const calls = values.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, false)`);
    await lane.query(`select ${calls.join(', ')}`, values.flat());
    lane.watch(() => this.#forget(lane));
    return lane;
  }
}
