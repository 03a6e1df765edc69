import { randomUUID } from 'node:crypto';
import type { Delivery, Headers } from './broker.ts';
import { DeliveryTags } from './delivery-tags.ts';
import type { Channel, Message } from './rabbitmq-connection.ts';

/** What one channel holds of a queue's messages, from its opening to its end. */
export class ChannelHold {
  /** Another for every channel of every process, because the keys of deliveries name what was stored. */
  readonly id = randomUUID();
  readonly channel: Channel;
  /** The channel is gone, and what it held went back to the queue. */
  isLost = false;
  /** Something may have been handed out. */
  hasBegun = false;
  readonly #tags = new DeliveryTags();

  constructor(channel: Channel) {
    this.channel = channel;
  }

  /** False where the channel takes nothing any more. */
  ack(tags: readonly number[]): boolean {
    return this.#settle(tags, (message, allUpTo) => this.channel.ack(message, allUpTo));
  }

  requeue(tags: readonly number[]): boolean {
    return this.#settle(tags, (message, allUpTo) => this.channel.nack(message, allUpTo, true));
  }

  #settle(tags: readonly number[], send: (message: Message, allUpTo: boolean) => void): boolean {
    const { upTo, single } = this.#tags.settle(tags);
    try {
      if (upTo !== null) send(tagged(upTo), true);
      for (const tag of single) send(tagged(tag), false);
      return true;
    } catch {
      return false; // the connection is closing, and its channels do not know yet
    }
  }
}

/** amqplib looks at nothing else of a message that it settles. */
function tagged(deliveryTag: number): Message {
  return { fields: { deliveryTag } } as Message;
}

const noHeaders: Headers = Object.freeze({});

/** A delivery as amqplib gives it. Everything but the body is looked up when it is asked for: most of it never is. */
export class RabbitmqDelivery implements Delivery {
  readonly body: Buffer;
  readonly hold: ChannelHold;
  readonly #message: Message;

  constructor(message: Message, hold: ChannelHold) {
    this.body = message.content;
    this.hold = hold;
    this.#message = message;
  }

  get tag(): number {
    return this.#message.fields.deliveryTag;
  }

  get exchange(): string {
    return this.#message.fields.exchange;
  }

  get routingKey(): string {
    return this.#message.fields.routingKey;
  }

  get headers(): Headers {
    return this.#message.properties.headers ?? noHeaders;
  }

  get messageId(): string | null {
    return textOf(this.#message.properties.messageId);
  }

  get contentType(): string | null {
    return textOf(this.#message.properties.contentType);
  }

  get contentEncoding(): string | null {
    return textOf(this.#message.properties.contentEncoding);
  }

  get publishedAt(): Date | null {
    return publishedAt(this.#message);
  }

  get redelivered(): boolean {
    return this.#message.fields.redelivered;
  }

  get deliveryCount(): number {
    const count = this.headers['x-delivery-count'];
    return typeof count === 'number' ? count : 0;
  }

  get key(): string {
    return `${this.hold.id}:${this.tag}`;
  }
}

/** The publisher may have put any 64-bit number there. */
export function publishedAt({ properties }: Message): Date | null {
  const { timestamp } = properties;
  if (typeof timestamp !== 'number') return null;
  const date = new Date(timestamp * 1000);
  return Number.isNaN(date.getTime()) ? null : date;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
