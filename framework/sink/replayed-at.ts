import type { Delivery } from '../connections/broker.ts';

/** Time at which a dead letter was put back into its queue. */
export const replayedAtHeader = 'x-replayed-at';

/** Whether a delivery may have come before as another one: a replay that was cut off between its two steps is done again. */
export function isReplay({ headers }: Delivery): boolean {
  return headers[replayedAtHeader] !== undefined;
}
