import { createHash, randomUUID } from 'node:crypto';
import type { Held } from './held.ts';

/** Keys of deliveries tell them apart in one process only. */
const process = randomUUID();

/**
 * Names a batch by what is in it: the same in every try of the same entries, another for any other entries or order. Bodies are part of it:
 * producers may give one id to many messages, and ClickHouse would drop the second of two batches with one token.
 */
export function batchToken(held: readonly Held[]): string {
  const hash = createHash('sha256');
  for (const { delivery } of held) {
    const { messageId, key, body } = delivery;
    const id = messageId ?? `${process} ${key}`;
    hash.update(`${id.length} ${id} ${body.length} `).update(body);
  }
  return hash.digest('hex');
}
