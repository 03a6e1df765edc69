import type { Log } from '../foundation/log.ts';
import type { Held } from './held.ts';

export interface CapacityOptions {
  /** Deliveries that are held at most where they are small. */
  readonly mostDeliveries: number;
  /** Deliveries that are held at least, however large. */
  readonly leastDeliveries: number;
  /** Of bodies that wait. */
  readonly mostBytes: number;
  readonly log: Log;
}

/** More are held again where so many times as many have room: else a batch is full by its bytes before nothing more can come. */
const muchMore = 4;

/** How many deliveries a lane holds at most: as many as declared, and fewer while they are large. */
export class Capacity {
  readonly #options: CapacityOptions;
  #deliveries: number;
  #toldLarge = false;

  constructor(options: CapacityOptions) {
    this.#options = options;
    this.#deliveries = options.mostDeliveries;
  }

  /** Deliveries that are held at most at present. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /** Fewer than declared. */
  get isReduced(): boolean {
    return this.#deliveries < this.#options.mostDeliveries;
  }

  /** Whether fewer are to be held from now on, as those that wait have too many bytes. */
  shrink(waiting: { readonly count: number; readonly bytes: number }): boolean {
    const { mostBytes, log } = this.#options;
    if (waiting.bytes <= mostBytes) return false;
    const deliveries = this.#roomFor(waiting.bytes / waiting.count);
    if (deliveries >= this.#deliveries) return false;
    const write = this.#toldLarge ? log.debug : log.warn;
    this.#toldLarge = true;
    write.call(log, { bytes: waiting.bytes, capacity: deliveries }, 'fewer deliveries held, as they are large');
    this.#deliveries = deliveries;
    return true;
  }

  /** Whether more are to be held again, as those that were stored last are smaller. */
  grow(stored: readonly Held[]): boolean {
    const { mostDeliveries } = this.#options;
    if (!this.isReduced || stored.length === 0) return false;
    const deliveries = this.#roomFor(stored.reduce((bytes, { entry }) => bytes + entry.bytes, 0) / stored.length);
    if (deliveries < Math.min(mostDeliveries, this.#deliveries * muchMore)) return false;
    this.#deliveries = deliveries;
    return true;
  }

  /** Deliveries that fill half of the room. */
  #roomFor(bytesEach: number): number {
    const { mostDeliveries, leastDeliveries, mostBytes } = this.#options;
    return Math.min(mostDeliveries, Math.max(leastDeliveries, Math.floor(mostBytes / 2 / bytesEach)));
  }
}
