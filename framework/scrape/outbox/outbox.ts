import type { PostgresQueries } from '../../connections/postgres.ts';

/**
 * An event that waits in `gccflow.event_outbox` until the broker has confirmed it: written in the transaction of what it tells of, so that it
 * is neither lost nor sent for something that was rolled back. A crash may publish it twice, under the same message id.
 */
export interface OutboxEvent {
  readonly exchange: string;
  readonly routingKey: string;
  /** Same for every repeat of the task, see `eventId`. */
  readonly messageId: string;
  /** Not empty. One without an `event_timestamp` gets the time of its transaction, by PostgreSQL's clock: hosts may have others. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Puts events into the outbox, as part of the caller's transaction; the relay of any worker publishes them after its commit. */
export type AddEvents = (session: PostgresQueries, events: readonly OutboxEvent[]) => Promise<void>;
