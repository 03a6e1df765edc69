import { setTimeout as sleep } from 'node:timers/promises';
import type { Postgres, PostgresConnection } from '../../connections/postgres.ts';
import { channel } from './enqueue-sql.ts';

const firstDelayMs = 100;
const maxDelayMs = 5_000;
/** Stands for every flow: what was told while nobody listened is not known. */
const everyFlow = '*';

/** Listens for flows whose tasks fell due, over one connection that is opened again whenever it is lost. */
export class WorkListener implements AsyncDisposable {
  readonly #postgres: Postgres;
  readonly #onWork: (flow: string) => void;
  readonly #ending = new AbortController();
  #session: PostgresConnection | null = null;
  #reconnecting: Promise<void> = Promise.resolve();

  constructor(postgres: Postgres, onWork: (flow: string) => void) {
    this.#postgres = postgres;
    this.#onWork = onWork;
  }

  async start(): Promise<void> {
    const session = await this.#postgres.session();
    try {
      await session.listen(channel, this.#onWork);
    } catch (thrown) {
      await session[Symbol.asyncDispose]();
      throw thrown;
    }
    session.watch(() => this.#lose(session));
    this.#session = session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#reconnecting;
    await this.#session?.[Symbol.asyncDispose]();
    this.#session = null;
  }

  #lose(session: PostgresConnection): void {
    this.#session = null;
    if (!this.#ending.signal.aborted) this.#reconnecting = this.#reconnect(session);
  }

  /** Tries for ever, with delays that grow and are random, so that many processes do not come back at once. */
  async #reconnect(lost: PostgresConnection): Promise<void> {
    await lost[Symbol.asyncDispose]();
    const { signal } = this.#ending;
    for (let tries = 0; !signal.aborted; tries++) {
      const delayMs = Math.random() * Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(tries, 10));
      const isBack = await sleep(delayMs, undefined, { signal })
        .then(() => this.start())
        .then(
          () => true,
          () => false,
        );
      if (isBack) return this.#onWork(everyFlow);
    }
  }
}
