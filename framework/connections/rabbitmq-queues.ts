import { setTimeout as sleep } from 'node:timers/promises';
import { GccflowError } from '../foundation/error.ts';
import type { Browser, Delivery, QueueState } from './broker.ts';
import type { Channel, RabbitmqConnection } from './rabbitmq-connection.ts';
import { ChannelHold, publishedAt, RabbitmqDelivery } from './rabbitmq-delivery.ts';
import { failed, isMissing, queueNotFound } from './rabbitmq-fault.ts';

/** Where a queue is looked for. */
export interface QueuePlace {
  readonly connection: RabbitmqConnection;
  readonly location: string;
  /** Ends the waiting for a connection that was lost. */
  readonly signal: AbortSignal;
}

/** How full a queue is, or null where there is none. */
export async function inspectQueue(queue: string, place: QueuePlace): Promise<QueueState | null> {
  try {
    const { messageCount, consumerCount } = await onQueue(queue, place, (channel) => channel.checkQueue(queue));
    const oldest = messageCount > 0 && consumerCount === 0 && mayPeek(place) ? await peek(queue, place) : null;
    return { name: queue, ready: messageCount, unacked: null, consumers: consumerCount, oldest };
  } catch (thrown) {
    if (thrown instanceof GccflowError && thrown.code === 'QUEUE_NOT_FOUND') return null;
    throw thrown;
  }
}

/** Removes what is ready. Throws QUEUE_NOT_FOUND. */
export function purgeQueue(queue: string, place: QueuePlace): Promise<number> {
  return onQueue(queue, place, async (channel) => (await channel.purgeQueue(queue)).messageCount);
}

/** Throws QUEUE_NOT_FOUND. */
export async function openRabbitmqBrowser(queue: string, place: QueuePlace): Promise<Browser> {
  const channel = await openChannel(queue, place);
  const { messageCount } = await ask(channel.checkQueue(queue), queue, place);
  return new RabbitmqBrowser(channel, { queue, ready: messageCount, place });
}

class RabbitmqBrowser implements Browser {
  readonly ready: number;
  readonly #hold: ChannelHold;
  readonly #queue: string;
  readonly #place: QueuePlace;
  /** Deliveries that are not acked. */
  #held = 0;

  constructor(channel: Channel, { queue, ready, place }: { queue: string; ready: number; place: QueuePlace }) {
    this.ready = ready;
    this.#hold = new ChannelHold(channel);
    this.#queue = queue;
    this.#place = place;
    channel.on('close', () => {
      this.#hold.isLost = true;
    });
  }

  async next(): Promise<Delivery | null> {
    const message = await ask(this.#hold.channel.get(this.#queue), this.#queue, this.#place);
    if (message === false) return null;
    this.#held++;
    return new RabbitmqDelivery(message, this.#hold);
  }

  /** Throws BROKER_UNREACHABLE where the delivery has gone back to the queue because the connection was lost. */
  ack(delivery: Delivery): void {
    const isHeld = delivery instanceof RabbitmqDelivery && delivery.hold === this.#hold && !this.#hold.isLost;
    if (isHeld && this.#hold.ack([delivery.tag])) this.#held--;
    else throw failed(`browsing queue '${this.#queue}'`, new Error('channel closed'), this.#place.location);
  }

  /** The end of the channel gives back what was not acked, each in its place; requeued, it would go to the end of a quorum queue (3.10). */
  async [Symbol.asyncDispose](): Promise<void> {
    const isLost = this.#hold.isLost;
    await this.#place.connection.farewell(this.#hold.channel.close());
    if (this.#held > 0 && !isLost) await untilBack(this.#queue, this.#held, this.#place);
  }
}

/** From version 4 on a quorum queue throws away by default what came back 20 times, and every look is one time. */
function mayPeek({ connection }: QueuePlace): boolean {
  return Number.parseInt(connection.version, 10) < 4;
}

/**
 * When the message at the head was published. There is no looking without taking: the end of the channel gives it back to its place,
 * marked as redelivered and with a higher delivery count, and if a consumer were there, something newer might overtake it.
 */
async function peek(queue: string, place: QueuePlace): Promise<Date | null> {
  const message = await onQueue(queue, place, (channel) => channel.get(queue));
  if (message === false) return null;
  await untilBack(queue, message.fields.messageCount + 1, place);
  return publishedAt(message);
}

/** A quorum queue has back what it is given back some milliseconds later. Whoever looks right after is to find all of it. */
async function untilBack(queue: string, expected: number, place: QueuePlace): Promise<void> {
  const look = async (channel: Channel): Promise<void> => {
    for (let attempt = 0; attempt < 20; attempt++) {
      if ((await channel.checkQueue(queue)).messageCount >= expected) return;
      await sleep(10);
    }
  };
  await onQueue(queue, place, look).catch(() => {});
}

async function onQueue<Result>(queue: string, place: QueuePlace, work: (channel: Channel) => Promise<Result>): Promise<Result> {
  const channel = await openChannel(queue, place);
  try {
    return await ask(work(channel), queue, place);
  } finally {
    await place.connection.farewell(channel.close());
  }
}

async function openChannel(queue: string, place: QueuePlace): Promise<Channel> {
  const model = await place.connection.model(place.signal);
  const channel = await ask(model.createChannel(), queue, place);
  channel.on('error', () => {});
  return channel;
}

async function ask<Answer>(answer: Promise<Answer>, queue: string, { location }: QueuePlace): Promise<Answer> {
  try {
    return await answer;
  } catch (thrown) {
    throw isMissing(thrown) ? queueNotFound(queue, location) : failed(`looking into queue '${queue}'`, thrown, location);
  }
}
