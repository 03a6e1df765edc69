import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Delivery } from '../connections/broker.ts';
import { retryCount } from './retry-count.ts';

/** Deliveries remembered at most: ten times what a sink usually holds. */
const capacity = 100_000;

/**
 * Deliveries that were settled for good while the broker took them back: stored, or published elsewhere, and the connection was lost before
 * the ack. They come again, and are then acked without being stored twice. Deliveries without an id are known by their body; as many of
 * them are taken for repeats as were remembered.
 */
export class RecentIds {
  readonly #counts = new LRUCache<string, number>({ max: capacity });

  remember(delivery: Delivery): void {
    const id = identityOf(delivery);
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  /** Whether the delivery was remembered; once each time it was. */
  take(delivery: Delivery): boolean {
    if (!delivery.redelivered || this.#counts.size === 0) return false;
    const id = identityOf(delivery);
    const count = this.#counts.get(id);
    if (count === undefined) return false;
    if (count === 1) this.#counts.delete(id);
    else this.#counts.set(id, count - 1);
    return true;
  }
}

/** The same whenever the delivery comes. The body is part of it, as nothing holds producers to ids that differ. */
function identityOf({ messageId, routingKey, headers, body }: Delivery): string {
  const about = JSON.stringify([messageId, routingKey, retryCount(headers)]);
  return createHash('sha256').update(about).update(body).digest('base64');
}
