import type { ConsumeOptions, Consumer, Delivery, Headers, OutgoingMessage, Publisher } from '../../framework/connections/broker.ts';

/** A delivery made up for a test. */
export function delivery(details: Partial<Delivery> = {}): Delivery {
  return {
    body: Buffer.from('{}'),
    exchange: '',
    routingKey: 'q',
    headers: {},
    messageId: null,
    contentType: null,
    contentEncoding: null,
    publishedAt: null,
    redelivered: false,
    deliveryCount: 0,
    key: crypto.randomUUID(),
    ...details,
  };
}

/** A message of the queue, and how far it is. */
interface Message {
  readonly id: string;
  readonly body: Buffer;
  readonly headers: Headers;
  count: number;
  state: 'ready' | 'held' | 'acked';
}

/**
 * One queue in memory that breaks when it is told to. For what no real broker can be made to do on the spot: which deliveries are lost, and
 * between which two steps.
 */
export class FakeQueue {
  readonly messages: Message[] = [];
  readonly published: OutgoingMessage[] = [];
  /** Acks of deliveries that had been lost; a broker closes the channel of some and takes others for acks of something else. */
  staleAcks = 0;
  /** Called for every message that is acked. */
  onAck: (id: string) => void = () => {};
  /** Answers that nothing is there, as a quorum queue does that is too busy to count. */
  isBusy = false;
  /** How often it was asked what is there. */
  looks = 0;
  /** What publishing throws from now on. */
  refuse: (() => Error) | null = null;
  readonly #consumers = new Set<FakeConsumer>();

  put(id: string, body: unknown = { id }, headers: Headers = {}): void {
    this.messages.push({ id, body: Buffer.from(JSON.stringify(body)), headers, count: 0, state: 'ready' });
    this.deliver();
  }

  in(state: Message['state']): string[] {
    return this.messages.filter((message) => message.state === state).map(({ id }) => id);
  }

  readonly broker = {
    consume: async (_queue: string, options: ConsumeOptions): Promise<Consumer> => {
      const consumer = new FakeConsumer(this, options);
      this.#consumers.add(consumer);
      queueMicrotask(() => this.deliver());
      return consumer;
    },
    declare: async () => {},
    inspect: async (name: string) => {
      this.looks++;
      const [ready, consumers] = this.isBusy ? [0, 0] : [name === 'q' ? this.in('ready').length : 0, this.#consumers.size];
      return { name, ready, unacked: null, consumers, oldest: null };
    },
  };

  readonly publisher: Publisher = {
    inFlight: 0,
    obstacle: null,
    publish: async (message) => {
      await Promise.resolve();
      if (this.refuse) throw this.refuse();
      this.published.push(message);
    },
    async [Symbol.asyncDispose]() {},
  };

  /** Takes everything back from all consumers, as after a lost connection, and gives it out again. */
  lose({ redelivers = true } = {}): void {
    for (const consumer of this.#consumers) consumer.lose('cut');
    if (redelivers) this.deliver();
  }

  /** Takes everything back from consumers that never hear of it, as after the death of their process. */
  die(): void {
    for (const consumer of this.#consumers) consumer.die();
    this.#consumers.clear();
  }

  remove(consumer: FakeConsumer): void {
    this.#consumers.delete(consumer);
  }

  /** Gives out what is ready, as far as the prefetches go. */
  deliver(): void {
    for (const consumer of this.#consumers) consumer.fill();
  }
}

class FakeConsumer implements Consumer {
  readonly #queue: FakeQueue;
  readonly #options: ConsumeOptions;
  #held = new Map<Delivery, Message>();
  #stopped = false;

  constructor(queue: FakeQueue, options: ConsumeOptions) {
    this.#queue = queue;
    this.#options = options;
  }

  fill(): void {
    for (const message of this.#queue.messages) {
      if (this.#stopped || this.#held.size >= this.#options.prefetch) return;
      if (message.state !== 'ready') continue;
      message.state = 'held';
      const { body, headers, count } = message;
      const one = delivery({ body, headers, messageId: message.id, redelivered: count > 0, deliveryCount: count });
      this.#held.set(one, message);
      this.#options.onDelivery(one);
    }
  }

  ack(deliveries: readonly Delivery[]): boolean {
    let all = true;
    for (const one of deliveries) {
      const message = this.#held.get(one);
      if (message === undefined) {
        all = false;
        this.#queue.staleAcks++;
      } else {
        message.state = 'acked';
        this.#queue.onAck(message.id);
      }
      this.#held.delete(one);
    }
    this.#queue.deliver();
    return all;
  }

  requeue(deliveries: readonly Delivery[]): void {
    for (const one of deliveries) {
      const message = this.#held.get(one);
      if (message) Object.assign(message, { state: 'ready', count: message.count + 1 });
      this.#held.delete(one);
    }
  }

  lose(reason: string): void {
    this.requeue([...this.#held.keys()]);
    this.#options.onLost(reason);
  }

  die(): void {
    this.#stopped = true;
    this.requeue([...this.#held.keys()]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.requeue([...this.#held.keys()]);
    this.#queue.remove(this);
  }
}
