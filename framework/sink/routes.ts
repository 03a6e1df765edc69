import type { SinkFile } from '../project/sink-file.ts';

/** Where something is published; the exchange `''` puts it into the queue that the routing key names. */
export interface Route {
  readonly exchange: string;
  readonly routingKey: string;
}

/** A sink's dead letters: where they are published, and the queue that keeps them. */
export interface DeadLetterRoute extends Route {
  readonly queue: string;
}

/** Where deliveries of a sink go that failed for good. */
export function deadLetterRoute({ queue, dead_letter }: Pick<SinkFile, 'queue' | 'dead_letter'>): DeadLetterRoute {
  if (dead_letter === null) return { exchange: '', routingKey: `${queue.name}.dead`, queue: `${queue.name}.dead` };
  const routingKey = dead_letter.routing_key ?? `error.${queue.name}`;
  return { exchange: dead_letter.exchange, routingKey, queue: dead_letter.queue ?? routingKey };
}

/** How long a delivery waits before its `retry`th further try, counted from 1. */
export function retryDelayMs({ delay }: SinkFile['retry'], retry: number): number {
  return delay[Math.min(retry, delay.length) - 1] ?? 0;
}

/** The queue in which failed deliveries of `queue` wait. The delay is part of the name, as a queue keeps the one it was declared with. */
export function delayQueue(queue: string, delayMs: number): string {
  return `${queue}.retry.${delayMs}ms`;
}

/** Every delay that retries of a sink may need, once. */
export function retryDelays(retry: SinkFile['retry']): number[] {
  return [...new Set(Array.from({ length: Math.min(retry.max, retry.delay.length) }, (_, index) => retryDelayMs(retry, index + 1)))];
}
