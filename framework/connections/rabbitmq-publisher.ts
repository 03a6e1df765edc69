import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../foundation/duration.ts';
import { type GccflowError, messageOf } from '../foundation/error.ts';
import type { OutgoingMessage, Publisher, PublisherOptions } from './broker.ts';
import { type ConfirmChannel, IllegalOperationError, type Message, type RabbitmqConnection } from './rabbitmq-connection.ts';
import { type RabbitmqRefusal, refusalOf } from './rabbitmq-fault.ts';
import { plainPropertiesOf, propertiesOf } from './rabbitmq-properties.ts';
import { lostWithChannel, refused, unanswered, unroutable } from './rabbitmq-publish-fault.ts';

export interface RabbitmqPublisherOptions extends PublisherOptions {
  readonly connection: RabbitmqConnection;
  readonly location: string;
}

/** Opens a channel with confirms, and opens it again whenever it is lost. */
export function openRabbitmqPublisher(options: RabbitmqPublisherOptions): Publisher {
  return new RabbitmqPublisher(options);
}

/** A message from `publish` to its confirm. */
interface Pending {
  readonly message: OutgoingMessage;
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: GccflowError) => void;
  /** It came back: no queue wanted it. The confirm follows. */
  isReturned: boolean;
  /** Resolved or rejected. One that was too late keeps its place in the window until the broker answers or the channel goes. */
  isSettled: boolean;
}

const retryMs = 200;

class RabbitmqPublisher implements Publisher {
  readonly #options: RabbitmqPublisherOptions;
  /** Waiting for room or for a channel, in the order of `publish`. */
  readonly #waiting = new Set<Pending>();
  /** Sent on the channel, in the order of sending. */
  readonly #sent = new Set<Pending>();
  readonly #unwatch: () => void;
  #channel: ConfirmChannel | null = null;
  #isOpening = false;
  #isDisposed = false;
  #timer: NodeJS.Timeout | undefined;
  #drained: (() => void) | undefined;

  constructor(options: RabbitmqPublisherOptions) {
    this.#options = options;
    this.#unwatch = options.connection.watch(() => this.#pump());
    this.#pump();
  }

  get inFlight(): number {
    return this.#sent.size + this.#waiting.size;
  }

  get obstacle(): string | null {
    const trouble = this.#trouble();
    return trouble && `${this.#options.location} ${trouble}`;
  }

  publish(message: OutgoingMessage): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const deadline = performance.now() + this.#options.confirmMs;
    const pending: Pending = { message, deadline, resolve, reject, isReturned: false, isSettled: false };
    if (this.#isDisposed) {
      this.#settle(pending, unanswered(this.#options.location, 'the publisher is closed, a message was not sent'));
      return promise;
    }
    this.#waiting.add(pending);
    this.#timer ??= setTimeout(this.#expire, this.#options.confirmMs);
    this.#pump();
    return promise;
  }

  /** Waits for all confirms; each has its deadline. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    if (this.#hasUnsettled()) await new Promise<void>((resolve) => (this.#drained = resolve));
    clearTimeout(this.#timer);
    this.#unwatch();
    const channel = this.#channel;
    this.#channel = null;
    if (channel !== null) await this.#options.connection.farewell(channel.close());
  }

  /** Sends what waits, as far as there is room. While the broker is blocked nothing is sent, so that what is too late was not stored either. */
  #pump(): void {
    const { connection, window } = this.#options;
    if (connection.isOver) this.#failAll('the connection is closed');
    else if (this.#channel === null) this.#open();
    for (const pending of this.#waiting) {
      if (this.#sent.size >= window || connection.blocked !== null || this.#channel === null) return;
      this.#waiting.delete(pending);
      this.#send(this.#channel, pending);
    }
  }

  #send(channel: ConfirmChannel, pending: Pending): void {
    try {
      write(channel, pending.message, (nack) => this.#confirm(pending, nack));
      this.#sent.add(pending);
    } catch (thrown) {
      if (thrown instanceof IllegalOperationError) this.#sendLater(channel, pending);
      else this.#settle(pending, refused(this.#options.location, messageOf(thrown)));
    }
  }

  /** The channel was closed and its event has not come: nothing was written. */
  #sendLater(channel: ConfirmChannel, pending: Pending): void {
    const behind = [...this.#waiting];
    this.#waiting.clear();
    for (const waiting of [pending, ...behind]) this.#waiting.add(waiting);
    this.#lose(channel, null);
  }

  #confirm(pending: Pending, nack: unknown): void {
    if (!this.#sent.delete(pending)) return;
    if (pending.isReturned) this.#settle(pending, unroutable(this.#options.location, pending.message));
    else this.#settle(pending, nack ? refused(this.#options.location, 'a queue did not take it') : null);
    if (this.#waiting.size > 0) this.#pump();
  }

  /** The broker gives back what it cannot route before it confirms it. */
  #return({ fields, properties }: Message): void {
    for (const pending of this.#sent) {
      const { messageId, exchange, routingKey } = pending.message;
      if (pending.isReturned || messageId !== properties.messageId || exchange !== fields.exchange || routingKey !== fields.routingKey)
        continue;
      pending.isReturned = true;
      return;
    }
  }

  #open(): void {
    if (this.#isOpening || this.#isDone()) return;
    this.#isOpening = true;
    void this.#openUntilThere().finally(() => {
      this.#isOpening = false;
      this.#pump();
    });
  }

  async #openUntilThere(): Promise<void> {
    const { connection } = this.#options;
    while (this.#channel === null && !connection.isOver && !this.#isDone()) {
      try {
        const channel = await (await connection.model()).createConfirmChannel();
        if (this.#isDone()) await connection.farewell(channel.close());
        else this.#adopt(channel);
      } catch {
        await sleep(retryMs); // the connection was lost once more
      }
    }
  }

  #adopt(channel: ConfirmChannel): void {
    let refusal: RabbitmqRefusal | null = null;
    channel.on('error', (err) => {
      refusal = refusalOf(err);
    });
    channel.on('return', (message) => this.#return(message));
    // Before amqplib's own listener, which would tell every message only that the channel closed.
    channel.prependListener('close', () => this.#lose(channel, refusal));
    this.#channel = channel;
  }

  /** Everything on its way fails: it may be stored or not. What the refusal was about was not stored. */
  #lose(channel: ConfirmChannel, refusal: RabbitmqRefusal | null): void {
    if (this.#channel !== channel) return;
    this.#channel = null;
    const { location } = this.#options;
    const sent = [...this.#sent];
    this.#sent.clear();
    for (const pending of sent) {
      const { message, isReturned } = pending;
      this.#settle(pending, isReturned ? unroutable(location, message) : lostWithChannel(location, message, refusal));
    }
    this.#pump();
  }

  readonly #expire = (): void => {
    const now = performance.now();
    const confirm = formatDuration(this.#options.confirmMs);
    const trouble = this.#trouble();
    for (const pending of this.#waiting) {
      if (pending.deadline > now) break;
      this.#waiting.delete(pending);
      this.#settle(
        pending,
        unanswered(this.#options.location, `a message could not be sent within ${confirm}${trouble === null ? '' : `: it ${trouble}`}`),
      );
    }
    for (const pending of this.#sent) {
      if (pending.deadline > now) break;
      this.#settle(pending, unanswered(this.#options.location, `a message was not confirmed within ${confirm}: it may be stored`));
    }
    const next = this.#nextDeadline();
    this.#timer = next === null ? undefined : setTimeout(this.#expire, Math.max(1, next - now));
  };

  #nextDeadline(): number | null {
    // Both are in the order of their deadlines, and what was sent is older.
    for (const pending of this.#sent) if (!pending.isSettled) return pending.deadline;
    for (const pending of this.#waiting) return pending.deadline;
    return null;
  }

  #hasUnsettled(): boolean {
    return this.#nextDeadline() !== null;
  }

  #trouble(): string | null {
    const { connection } = this.#options;
    if (!connection.isUp) return 'is not connected';
    return connection.blocked === null ? null : `takes no messages: ${connection.blocked}`;
  }

  #isDone(): boolean {
    return this.#isDisposed && !this.#hasUnsettled();
  }

  #failAll(why: string): void {
    const pendings = [...this.#sent, ...this.#waiting];
    this.#sent.clear();
    this.#waiting.clear();
    for (const pending of pendings) this.#settle(pending, unanswered(this.#options.location, why));
  }

  #settle(pending: Pending, error: GccflowError | null): void {
    if (pending.isSettled) return;
    pending.isSettled = true;
    if (error === null) pending.resolve();
    else pending.reject(error);
    if (this.#drained !== undefined && !this.#hasUnsettled()) this.#drained();
  }
}

function write(channel: ConfirmChannel, message: OutgoingMessage, onConfirm: (nack: unknown) => void): void {
  const { exchange, routingKey, body } = message;
  try {
    channel.publish(exchange, routingKey, body, propertiesOf(message), onConfirm);
  } catch (thrown) {
    if (thrown instanceof IllegalOperationError) throw thrown;
    channel.publish(exchange, routingKey, body, plainPropertiesOf(message), onConfirm);
  }
}
