import { createHash, randomUUID } from 'node:crypto';
import type { Held } from './held.ts';

/** Keys of deliveries tell them apart in one process only. */
const process = randomUUID();

/**
 * Names a batch by what is in it: the same in every try of the same entries, another for any other entries or order. Bodies are part of it:
 * producers may give one id to many messages, and ClickHouse would drop the second of two batches with one token.
 */
export function batchToken(held: readonly Held[]): string {
  const heads = held.map(({ delivery: { messageId, key, body } }) => {
    const id = messageId ?? `${process} ${key}`;
    return `${id.length} ${id} ${body.length} `;
  });
  const bodies = Buffer.concat(held.map(({ delivery }) => delivery.body)); // one call for thousands: each costs as much as a body
  return createHash('sha256').update(heads.join('')).update(bodies).digest('hex');
}
