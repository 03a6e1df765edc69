import type { ExchangeType } from '../project/broker-names.ts';

/**
 * A message broker: RabbitMQ, or durable queues in the target's PostgreSQL. Both keep one contract, which one set of tests holds.
 * Every queue and exchange is durable, every message persistent. A connection that is lost is made again by itself, with backoff,
 * until the broker is disposed; what hangs on it is told, and never has to be opened anew.
 */
export interface Broker extends AsyncDisposable {
  readonly kind: 'embedded' | 'rabbitmq';
  /** Where it is, for sentences. Never holds a password. */
  readonly location: string;
  /** e.g. `3.10.8`. */
  readonly version: string;

  /**
   * Declares what is missing, now and again after every reconnect; what is there stays as it is.
   * Throws TOPOLOGY_MISMATCH, which names both sides of everything that is there with other properties, and declares nothing more then.
   */
  declare(topology: Topology): Promise<void>;

  /** What `declare` would do, without doing it. */
  compare(topology: Topology): Promise<readonly TopologyChange[]>;

  /** How full a queue is; null where there is none of that name. */
  inspect(queue: string): Promise<QueueState | null>;

  /** Opens a channel that publishes. */
  publisher(options: PublisherOptions): Promise<Publisher>;

  /** Consumes a queue on a channel of its own. Throws QUEUE_NOT_FOUND where there is none. */
  consume(queue: string, options: ConsumeOptions): Promise<Consumer>;

  /**
   * Takes one delivery from a queue, or null where it is empty, for looking at dead letters. It stays the caller's until it is acked or
   * requeued; disposing of the browser gives back what was not.
   */
  browse(queue: string): Promise<Browser>;

  /** Removes all messages that are ready in a queue; gives back how many. */
  purge(queue: string): Promise<number>;
}

export interface Topology {
  readonly exchanges: readonly ExchangeDeclaration[];
  readonly queues: readonly QueueDeclaration[];
  readonly bindings: readonly BindingDeclaration[];
}

export interface ExchangeDeclaration {
  readonly name: string;
  readonly type: ExchangeType;
}

export interface QueueDeclaration {
  readonly name: string;
  readonly type: 'quorum' | 'classic';
  /** A queue in which messages wait: after `ms` each goes to `queue`. Null for an ordinary one. */
  readonly delay: { readonly ms: number; readonly queue: string } | null;
}

export interface BindingDeclaration {
  readonly queue: string;
  readonly exchange: string;
  /** Empty for a fanout exchange. */
  readonly routingKey: string;
}

/** One thing of a topology, compared with what the broker has. */
export interface TopologyChange {
  readonly kind: 'exchange' | 'queue' | 'binding';
  /** e.g. `beat.dx`; of a binding `beat.dx -(post_log_events)-> post_log_events_q`. */
  readonly name: string;
  /** `unknown`: the broker does not tell, and declaring it twice does nothing. */
  readonly action: 'create' | 'none' | 'mismatch' | 'unknown';
  /** Of a mismatch: the property that differs, as declared and as it is. */
  readonly difference: { readonly property: string; readonly declared: string; readonly actual: string } | null;
}

export interface QueueState {
  readonly name: string;
  /** Messages that wait for a consumer. */
  readonly ready: number;
  /** Messages that a consumer holds; null where the broker does not tell. */
  readonly unacked: number | null;
  readonly consumers: number;
  /** When the message at the head was published; null for an empty queue, and where nothing tells. */
  readonly oldest: Date | null;
}

export type Headers = Readonly<Record<string, unknown>>;

/** A message on its way to an exchange; the exchange `''` puts it into the queue that the routing key names. */
export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Buffer;
  /** Same in every repeat. */
  readonly messageId: string;
  readonly headers?: Headers;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  /** Where it repeats an older message: when that was published. Now where it is not given. */
  readonly publishedAt?: Date;
}

export interface PublisherOptions {
  /** Messages that may wait for their confirm; `publish` of one more waits for room. */
  readonly window: number;
  /** How long a message may wait for its confirm, a lost connection included. */
  readonly confirmMs: number;
}

export interface Publisher extends AsyncDisposable {
  /**
   * Resolves when the broker has stored the message in at least one queue. Throws MESSAGE_UNROUTABLE (no queue wanted it; nothing is
   * stored), MESSAGE_REFUSED (the broker said no), or BROKER_UNREACHABLE (no answer in time, or the connection was lost: it may be stored).
   */
  publish(message: OutgoingMessage): Promise<void>;
  /** Messages that are not confirmed, those that wait for room included. */
  readonly inFlight: number;
  /** Why nothing can be published at the moment: no connection, or the broker is out of memory or disk. Null when all is well. */
  readonly obstacle: string | null;
}

/** A message that a consumer holds until it is settled. */
export interface Delivery {
  readonly body: Buffer;
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: Headers;
  readonly messageId: string | null;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  /** As the publisher said, to the second. */
  readonly publishedAt: Date | null;
  /** The broker has delivered it before, to whomever: it may have been stored already. */
  readonly redelivered: boolean;
  /** Times it was delivered before, where the broker counts. */
  readonly deliveryCount: number;
  /** Names the delivery among all of this process. A message that comes again is another delivery. */
  readonly key: string;
}

export interface ConsumeOptions {
  /** Deliveries held at most. */
  readonly prefetch: number;
  /** Called for every delivery, in the queue's order. Must not throw. */
  readonly onDelivery: (delivery: Delivery) => void;
  /**
   * Called when the deliveries that are not settled have gone back to the queue: the connection or the channel was lost, or the queue was
   * deleted. Consuming goes on by itself. Settling one of them does nothing any more.
   */
  readonly onLost: (reason: string) => void;
}

export interface Consumer extends AsyncDisposable {
  /** Removes deliveries from the queue. False where one of them had been lost: it will come again. */
  ack(deliveries: readonly Delivery[]): boolean;
  /** Puts deliveries back into the queue. */
  requeue(deliveries: readonly Delivery[]): void;
  /** Nothing more is delivered; what is held can still be settled. Disposing gives back what is not. */
  stop(): Promise<void>;
}

export interface Browser extends AsyncDisposable {
  /** Messages that were ready when it was opened. */
  readonly ready: number;
  /** The next delivery, or null at the end of what is ready. */
  next(): Promise<Delivery | null>;
  /** Removes a delivery from the queue. Throws BROKER_UNREACHABLE where the connection was lost, so that it was given back. */
  ack(delivery: Delivery): void;
}
