import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../foundation/log.ts';
import type { ConsumeOptions, Consumer, Delivery } from './broker.ts';
import type { ConsumeMessage, RabbitmqConnection } from './rabbitmq-connection.ts';
import { ChannelHold, RabbitmqDelivery } from './rabbitmq-delivery.ts';
import { failed, isMissing, queueNotFound, refusalOf } from './rabbitmq-fault.ts';

export interface ConsumerOptions extends ConsumeOptions {
  readonly connection: RabbitmqConnection;
  readonly location: string;
  /** Declares what the project needs, where somebody deleted it. */
  readonly redeclare: () => Promise<void>;
  readonly log: Log;
  /** No new channel is opened once it aborts. */
  readonly signal: AbortSignal;
}

const firstDelayMs = 200;
const maxDelayMs = 30_000;
/** A channel that lived this long was a good one: the next loss begins with short delays again. */
const steadyMs = 10_000;
/** AMQP has 16 bits for it. */
const maxPrefetch = 65_535;

/** Begins to consume. Throws QUEUE_NOT_FOUND, or BROKER_UNREACHABLE. */
export async function openRabbitmqConsumer(queue: string, options: ConsumerOptions): Promise<Consumer> {
  const consumer = new RabbitmqConsumer(queue, options);
  await consumer.begin();
  return consumer;
}

/** A channel that is opened again whenever it is lost, until the consumer is stopped. */
class RabbitmqConsumer implements Consumer {
  readonly #queue: string;
  readonly #options: ConsumerOptions;
  readonly #stopping = new AbortController();
  /** The channel that lives; null while there is none. */
  #hold: ChannelHold | null = null;
  readonly #tag = `gccflow.${randomUUID()}`;
  /** When the last channel began to consume, and the attempts since one that held. */
  #opened = 0;
  #attempts = 0;
  #reopening: Promise<void> = Promise.resolve();

  constructor(queue: string, options: ConsumerOptions) {
    this.#queue = queue;
    this.#options = options;
  }

  async begin(): Promise<void> {
    const { location, signal } = this.#options;
    try {
      await this.#open(signal);
    } catch (thrown) {
      signal.throwIfAborted();
      throw refusalOf(thrown).code === 404
        ? queueNotFound(this.#queue, location)
        : failed(`consuming queue '${this.#queue}'`, thrown, location);
    }
  }

  ack(deliveries: readonly Delivery[]): boolean {
    const tags = this.#heldTags(deliveries);
    if (tags.length > 0 && this.#hold?.ack(tags) !== true) return false;
    return tags.length === deliveries.length;
  }

  requeue(deliveries: readonly Delivery[]): void {
    const tags = this.#heldTags(deliveries);
    if (tags.length > 0) this.#hold?.requeue(tags);
  }

  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    await this.#reopening;
    // What comes before the broker has heard of it is not handed out, and goes back with the channel.
    if (this.#hold !== null) await this.#options.connection.farewell(this.#hold.channel.cancel(this.#tag));
  }

  /** Closing the channel waits for the acknowledgements that were sent, and gives back the rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    const hold = this.#hold;
    if (hold === null) return;
    this.#hold = null;
    hold.isLost = true;
    await this.#options.connection.farewell(hold.channel.close());
  }

  /** The tags of those that the living channel holds. */
  #heldTags(deliveries: readonly Delivery[]): number[] {
    const tags: number[] = [];
    for (const delivery of deliveries) {
      if (delivery instanceof RabbitmqDelivery && delivery.hold === this.#hold) tags.push(delivery.tag);
    }
    return tags;
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { connection, prefetch } = this.#options;
    const model = await connection.model(signal);
    const hold = new ChannelHold(await model.createChannel());
    let refusal: string | null = null;
    hold.channel.on('error', (err) => {
      refusal = refusalOf(err).text;
    });
    hold.channel.on('close', () => this.#lose(hold, refusal));
    await hold.channel.prefetch(Math.min(prefetch, maxPrefetch));
    this.#hold = hold;
    await hold.channel.consume(this.#queue, (message) => this.#receive(message, hold), { consumerTag: this.#tag });
    // Lost by the bytes that followed the answer. If something was handed out by then, it is being opened again already.
    if (hold.isLost && !hold.hasBegun) throw new Error('channel closed');
    hold.hasBegun = true;
    this.#opened = performance.now();
  }

  #receive(message: ConsumeMessage | null, hold: ChannelHold): void {
    if (hold.isLost) return;
    hold.hasBegun = true;
    if (message === null) {
      // The broker ended the consumer. The channel lives on, but what it held is gone with the queue.
      this.#lose(hold, 'the queue was deleted, or its node went down');
      hold.channel.close().catch(() => {});
    } else if (!this.#stopping.signal.aborted) {
      this.#options.onDelivery(new RabbitmqDelivery(message, hold));
    }
  }

  /** `refusal` is null where the channel was lost with its connection. */
  #lose(hold: ChannelHold, refusal: string | null): void {
    if (hold.isLost) return;
    hold.isLost = true;
    if (this.#hold !== hold) return;
    this.#hold = null;
    if (!hold.hasBegun) return;
    this.#options.onLost(refusal ?? 'the connection was lost');
    if (!this.#stopping.signal.aborted) this.#reopening = this.#reopen(refusal);
  }

  /** The loss of a connection is logged once, by the connection. */
  async #reopen(refusal: string | null): Promise<void> {
    const { log, connection } = this.#options;
    const signal = AbortSignal.any([this.#stopping.signal, this.#options.signal]);
    if (performance.now() - this.#opened > steadyMs) this.#attempts = 0;
    if (refusal !== null) log.warn({ queue: this.#queue, reason: refusal }, 'consumer lost');
    while (!signal.aborted && !connection.isOver) {
      try {
        if (this.#attempts > 0)
          await sleep(Math.random() * Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(this.#attempts, 10)), undefined, { signal });
        this.#attempts++;
        await this.#openOrDeclare(signal);
        if (refusal !== null) log.info({ queue: this.#queue }, 'consumer restored');
        return;
      } catch (thrown) {
        log.debug({ queue: this.#queue, attempt: this.#attempts, reason: refusalOf(thrown).text }, 'consumer not restored');
      }
    }
  }

  async #openOrDeclare(signal: AbortSignal): Promise<void> {
    try {
      await this.#open(signal);
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown;
      await this.#options.redeclare();
      await this.#open(signal);
    }
  }
}
