import type { Broker, Consumer, Delivery } from '../connections/broker.ts';
import type { Hold } from './held.ts';

export interface IntakeOptions {
  readonly queue: string;
  readonly consumers: number;
  /** Deliveries that one consumer holds at most, asked for at its opening. */
  readonly prefetch: () => number;
  readonly onDelivery: (delivery: Delivery, hold: Hold) => void;
  readonly onLost: (hold: Hold, reason: string) => void;
}

/** The consumers of one queue. Everything they hold belongs to a `Hold` that says whether it is still held. */
export class Intake implements AsyncDisposable {
  readonly #broker: Pick<Broker, 'consume'>;
  readonly #options: IntakeOptions;
  #open: { readonly consumer: Consumer; readonly end: () => void }[] = [];
  #isStopped = false;

  constructor(broker: Pick<Broker, 'consume'>, options: IntakeOptions) {
    this.#broker = broker;
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** Begins to consume. Throws what the broker throws, and consumes nothing then. */
  async open(): Promise<void> {
    const { consumers } = this.#options;
    try {
      for (let index = 0; index < consumers; index++) {
        this.#open.push(await this.#consume());
        if (this.#isStopped) await this.stop();
      }
    } catch (thrown) {
      await this.close();
      throw thrown;
    }
  }

  async #consume() {
    const { queue, prefetch, onDelivery, onLost } = this.#options;
    const early: Delivery[] = [];
    let opened: Consumer | null = null;
    let hold: Hold | null = null;
    const lose = (reason: string): void => {
      early.length = 0;
      if (hold === null || opened === null) return;
      const lost = hold;
      lost.lost = true;
      hold = { consumer: opened, lost: false };
      onLost(lost, reason);
    };
    const consumer = await this.#broker.consume(queue, {
      prefetch: prefetch(),
      onDelivery: (delivery) => {
        if (hold === null) early.push(delivery);
        else onDelivery(delivery, hold);
      },
      onLost: lose,
    });
    opened = consumer;
    const first: Hold = { consumer, lost: false };
    hold = first;
    for (const delivery of early) onDelivery(delivery, first);
    return { consumer, end: () => lose('given back') };
  }

  /** Nothing more comes; what is held can still be settled. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#open.map(({ consumer }) => consumer.stop()));
  }

  /** Gives everything back to the queue. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    this.#isStopped = false;
    for (const { end } of open) end();
    await Promise.all(open.map(({ consumer }) => consumer[Symbol.asyncDispose]()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
