import type { Browser, Delivery, QueueState } from './broker.ts';
import type { EmbeddedDrain } from './embedded-broker-drain.ts';
import { connectionLost } from './embedded-broker-fault.ts';
import { EmbeddedHolding } from './embedded-broker-holding.ts';
import type { EmbeddedLink } from './embedded-broker-link.ts';

/** Takes one message after the other from a queue, over the connection that it began with. */
export class EmbeddedBrowser implements Browser {
  readonly ready: number;
  readonly #queue: string;
  readonly #link: EmbeddedLink;
  readonly #drain: EmbeddedDrain;
  readonly #holding = new EmbeddedHolding();

  constructor({ name, ready }: Pick<QueueState, 'name' | 'ready'>, link: EmbeddedLink, drain: EmbeddedDrain) {
    this.ready = ready;
    this.#queue = name;
    this.#link = link;
    this.#drain = drain;
    this.#holding.attach(drain);
  }

  async next(): Promise<Delivery | null> {
    const row = await this.#drain.claimOne(this.#queue);
    return row === null ? null : this.#holding.take(row, this.#link.name);
  }

  /** Throws BROKER_UNREACHABLE where the delivery has gone back to the queue because the connection was lost. */
  ack(delivery: Delivery): void {
    if (this.#link.isLost) this.#holding.lose();
    if (!this.#holding.ack([delivery])) throw connectionLost();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#holding.giveBack();
    this.#holding.lose();
  }
}
