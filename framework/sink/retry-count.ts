import type { Headers } from '../connections/broker.ts';

export const retryCountHeader = 'x-retry-count';

/** Tries of a delivery before this one. An integer of any width counts; anything else, which no sink has written, is 0. */
export function retryCount(headers: Headers): number {
  const value = headers[retryCountHeader];
  if (typeof value === 'bigint') return value < 0n ? 0 : Number(value);
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 0;
}
