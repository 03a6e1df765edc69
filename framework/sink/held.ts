import type { Consumer, Delivery } from '../connections/broker.ts';
import type { Entry } from './entry.ts';

/** What one consumer holds, from one loss of its channel to the next. A loss makes a new one, so that what is held is told from what was. */
export interface Hold {
  readonly consumer: Pick<Consumer, 'ack'>;
  /** Everything of it has gone back to the queue and comes again. */
  lost: boolean;
}

/** A delivery that is not settled yet, as the broker gave it. */
export interface HeldDelivery {
  readonly delivery: Delivery;
  readonly hold: Hold;
}

/** A held delivery with its rows. */
export interface Held extends HeldDelivery {
  readonly entry: Entry;
  /** When it came, by `performance.now()`, which no change of the clock touches. */
  readonly sinceMs: number;
}

/** Acks what is still held, a whole batch a consumer at once; gives back what was lost before, which will come again. */
export function ackHeld<One extends HeldDelivery>(held: readonly One[]): One[] {
  const lost: One[] = [];
  for (const [hold, ofHold] of Map.groupBy(held, ({ hold }) => hold)) {
    const acked = !hold.lost && hold.consumer.ack(ofHold.map(({ delivery }) => delivery));
    if (!acked) lost.push(...ofHold);
  }
  return lost;
}
