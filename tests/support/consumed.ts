import type { Broker, Consumer, Delivery } from '../../framework/connections/broker.ts';
import { until } from './until.ts';

/** A consumer that keeps what it gets and says what it lost. */
export interface Consumed extends AsyncDisposable {
  readonly consumer: Consumer;
  readonly deliveries: readonly Delivery[];
  readonly losses: readonly string[];
  /** The bodies of what came, in its order, as texts. */
  bodies(): readonly string[];
  /** Waits until `count` deliveries have come. */
  have(count: number): Promise<readonly Delivery[]>;
}

export async function consumed(broker: Broker, queue: string, { prefetch = 100 } = {}): Promise<Consumed> {
  const deliveries: Delivery[] = [];
  const losses: string[] = [];
  const consumer = await broker.consume(queue, {
    prefetch,
    onDelivery: (delivery) => deliveries.push(delivery),
    onLost: (reason) => losses.push(reason),
  });
  return {
    consumer,
    deliveries,
    losses,
    bodies: () => deliveries.map(({ body }) => body.toString()),
    have: async (count) => {
      await until(
        () => deliveries.length >= count,
        () => `${deliveries.length} of ${count} deliveries came`,
      );
      return deliveries;
    },
    [Symbol.asyncDispose]: () => consumer[Symbol.asyncDispose](),
  };
}
