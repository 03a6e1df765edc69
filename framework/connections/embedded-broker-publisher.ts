import { GccflowError, messageOf } from '../foundation/error.ts';
import type { OutgoingMessage, Publisher, PublisherOptions } from './broker.ts';
import { brokerError, brokerUnreachable } from './embedded-broker-fault.ts';
import type { EmbeddedLink, News } from './embedded-broker-link.ts';
import { type StoredMessage, storeMessages } from './embedded-broker-messages.ts';
import type { Route } from './embedded-broker-routes.ts';

/** A message that waits for its confirm. */
interface Pending {
  readonly message: OutgoingMessage;
  readonly headers: string | null;
  readonly deadlineMs: number;
  readonly confirm: () => void;
  readonly refuse: (reason: unknown) => void;
}

/** Rows and bytes of one transaction, at most. */
const maxRows = 1_000;
const maxBytes = 8 * 1024 * 1024;
/** RabbitMQ takes no larger body. */
const maxBodyBytes = 128 * 1024 * 1024;
/** AMQP carries names, routing keys and ids as short strings. */
const maxNameBytes = 255;

/** Stores messages in transactions, one after the other: while one is under way, what is published gathers for the next. */
export class EmbeddedPublisher implements Publisher {
  readonly #options: PublisherOptions;
  readonly #location: string;
  readonly #onDisposed: () => void;
  #link: EmbeddedLink | null = null;
  #waiting: Pending[] = [];
  #flying: readonly Pending[] = [];
  #timer: NodeJS.Timeout | undefined;
  #onIdle: (() => void) | null = null;
  #isOver = false;

  constructor(options: PublisherOptions, location: string, onDisposed: () => void) {
    this.#options = options;
    this.#location = location;
    this.#onDisposed = onDisposed;
  }

  get inFlight(): number {
    return this.#flying.length + this.#waiting.length;
  }

  get obstacle(): string | null {
    return this.#link === null ? `no connection to ${this.#location}` : null;
  }

  attach(link: EmbeddedLink): void {
    this.#link = link;
    this.#fly();
  }

  /** What was on its way is refused by its own statement, what waits goes on waiting. */
  lose(): void {
    this.#link = null;
  }

  async publish(message: OutgoingMessage): Promise<void> {
    const headers = message.headers === undefined ? null : JSON.stringify(message.headers);
    requireStorable(message, headers);
    if (this.#isOver) throw brokerUnreachable('publishing', this.#location, 'it is closed');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const deadlineMs = performance.now() + this.#options.confirmMs;
    this.#waiting.push({ message, headers, deadlineMs, confirm: resolve, refuse: reject });
    this.#timer ??= setTimeout(() => this.#expire(), this.#options.confirmMs);
    if (this.#waiting.length === 1) queueMicrotask(() => this.#fly()); // with all that is published in the same turn
    return promise;
  }

  /** Refuses all that waits. */
  end(reason: string): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    for (const { refuse } of this.#waiting.splice(0)) refuse(brokerUnreachable('publishing', this.#location, reason));
    this.#onIdle?.();
  }

  /** Waits for the confirms of all that was published. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    if (this.#flying.length + this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    clearTimeout(this.#timer);
    this.#onDisposed();
  }

  #fly(): void {
    if (this.#link === null || this.#flying.length > 0) return;
    const flying = this.#takeBatch();
    if (flying.length > 0) {
      this.#flying = flying;
      void this.#store(flying, this.#link);
    } else if (this.#waiting.length === 0) this.#onIdle?.();
  }

  #takeBatch(): readonly Pending[] {
    const most = Math.min(this.#waiting.length, maxRows, this.#options.window);
    let count = 0;
    for (let bytes = 0; count < most; count++) {
      bytes += this.#waiting[count]?.message.body.length ?? 0;
      if (count > 0 && bytes > maxBytes) break;
    }
    return this.#waiting.splice(0, count);
  }

  async #store(flying: readonly Pending[], link: EmbeddedLink): Promise<void> {
    try {
      const routes = await storeRouted(flying, link);
      for (const [index, { message, confirm, refuse }] of flying.entries()) {
        if ((routes[index] ?? []).length > 0) confirm();
        else refuse(unroutable(message));
      }
    } catch (thrown) {
      const isRefused = thrown instanceof GccflowError && thrown.code === 'POSTGRES_QUERY';
      const reason = isRefused ? messageRefused(thrown) : brokerError('publishing', this.#location, thrown);
      for (const { refuse } of flying) refuse(reason);
      if (!isRefused) link.lose(messageOf(thrown));
    } finally {
      this.#flying = [];
      this.#fly();
    }
  }

  /** Refuses what has waited too long. A statement that has, is on a connection whose other end is gone. */
  #expire(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    const late = `no confirm within ${this.#options.confirmMs} ms`;
    const isLate = ({ deadlineMs }: Pending): boolean => deadlineMs <= nowMs;
    const fresh = this.#waiting.findIndex((pending) => !isLate(pending));
    const lateOnes = [...this.#flying.filter(isLate), ...this.#waiting.splice(0, fresh < 0 ? this.#waiting.length : fresh)];
    for (const { refuse } of lateOnes) refuse(brokerUnreachable('publishing', this.#location, late));
    if (this.#flying.some(isLate)) this.#link?.lose(late);
    const next = this.#flying.find((pending) => !isLate(pending)) ?? this.#waiting[0];
    if (next !== undefined) this.#timer = setTimeout(() => this.#expire(), next.deadlineMs - nowMs);
    if (this.#flying.length + this.#waiting.length === 0) this.#onIdle?.();
  }
}

/** Stores a copy in every queue that wants a message; gives back those queues for each, none for what nobody wants. */
async function storeRouted(pending: readonly Pending[], link: EmbeddedLink): Promise<readonly (readonly Route[])[]> {
  for (;;) {
    const routes = await link.routes();
    const routed = pending.map(({ message }) => routes.of(message.exchange, message.routingKey));
    const copies = pending.flatMap((one, index) => (routed[index] ?? []).map((route) => copyOf(one, route)));
    if ((await storeMessages(link.postgres, routes.version, copies)) !== routes.version) {
      link.forgetRoutes();
      continue;
    }
    link.announce(newsOf(routed.flat()));
    return routed;
  }
}

function copyOf({ message, headers }: Pending, { queue, delayMs }: Route): StoredMessage {
  const { exchange, routingKey, messageId, contentType = null, contentEncoding = null, publishedAt, body } = message;
  const publishedS = publishedAt === undefined ? null : Math.floor(publishedAt.getTime() / 1000);
  return { queue, delayMs, exchange, routingKey, messageId, contentType, contentEncoding, headers, publishedS, body };
}

function* newsOf(routes: readonly Route[]): Iterable<News> {
  for (const { queue, delayMs } of new Set(routes)) {
    yield { queue, isBack: false };
    if (delayMs !== null) yield { dueInMs: delayMs };
  }
}

/** PostgreSQL keeps no zero character in a text, and one such message would fail all that are stored with it. */
function requireStorable(
  { exchange, routingKey, messageId, contentType = '', contentEncoding = '', body }: OutgoingMessage,
  headers: string | null,
): void {
  const names = [exchange, routingKey, messageId, contentType, contentEncoding];
  const problem =
    (body.length > maxBodyBytes && 'its body is larger than 128 MiB') ||
    (names.some((name) => name.length > maxNameBytes / 4 && Buffer.byteLength(name) > maxNameBytes) &&
      'its exchange, routing key, id, content type or encoding is longer than 255 bytes') ||
    ([...names, headers ?? ''].some((text) => text.includes('\0')) &&
      'its exchange, routing key, id, content type or encoding holds a zero character');
  if (problem) throw new GccflowError('MESSAGE_REFUSED', `A message cannot be stored: ${problem}.`);
}

function messageRefused(cause: GccflowError): GccflowError {
  return new GccflowError('MESSAGE_REFUSED', `Messages were not stored: ${cause.message}`, { hint: cause.hint, cause });
}

function unroutable({ exchange, routingKey }: OutgoingMessage): GccflowError {
  const wanted = exchange === '' ? `There is no queue '${routingKey}'` : `No queue takes '${routingKey}' of exchange '${exchange}'`;
  return new GccflowError('MESSAGE_UNROUTABLE', `${wanted}: the message is not stored.`, {
    hint: 'Bind a queue, or correct exchange and routing key; `gccflow queues plan` shows what is there.',
  });
}
