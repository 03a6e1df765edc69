import type { Delivery } from './broker.ts';
import { EmbeddedDelivery } from './embedded-broker-delivery.ts';
import type { EmbeddedDrain } from './embedded-broker-drain.ts';
import type { MessageRow } from './embedded-broker-messages.ts';

/** The deliveries of one consumer that are not settled. They are lost with the connection that claimed them. */
export class EmbeddedHolding {
  readonly #held = new Set<Delivery>();
  #drain: EmbeddedDrain | null = null;

  get size(): number {
    return this.#held.size;
  }

  attach(drain: EmbeddedDrain): void {
    this.#drain = drain;
  }

  lose(): void {
    this.#held.clear();
    this.#drain = null;
  }

  take(row: MessageRow, link: string): Delivery {
    const delivery = new EmbeddedDelivery(row, link);
    this.#held.add(delivery);
    return delivery;
  }

  /** False where one of them is not held. */
  ack(deliveries: readonly Delivery[]): boolean {
    const acked = this.#release(deliveries);
    this.#drain?.ack(acked);
    return acked.length === deliveries.length;
  }

  requeue(deliveries: readonly Delivery[]): void {
    this.#drain?.requeue(this.#release(deliveries));
  }

  /** Gives back all that is held. */
  async giveBack(): Promise<void> {
    this.requeue([...this.#held]);
    await this.#drain?.flush();
  }

  #release(deliveries: readonly Delivery[]): number[] {
    const ids: number[] = [];
    for (const delivery of deliveries) {
      if (delivery instanceof EmbeddedDelivery && this.#held.delete(delivery)) ids.push(delivery.id);
    }
    return ids;
  }
}
