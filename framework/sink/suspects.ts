import type { HeldDelivery } from './held.ts';

/** From this many crashes on a delivery is not read before its turn. Losses of connections that were seen here do not count. */
const suspectAt = 5;
/** Where no journal survives: from this many crashes on, one delivery a process, as what was held beside it has died as often. */
const surelyPoisonAt = 50;

/** Deliveries that were held in so many crashes that one of them may be what caused them. They are handled apart from all others. */
export class Suspects {
  #waiting: HeldDelivery[] = [];
  #losses = 0;
  #gaveUp = false;
  /** How many are handled at once: one at first, twice as many each time all goes well. */
  #trusted = 1;

  get size(): number {
    return this.#waiting.length;
  }

  /** What is to become of a delivery: it is handled as all others, waits for its turn here, or is given up. */
  judge(held: HeldDelivery): 'trust' | 'wait' | 'give up' {
    const crashes = held.delivery.deliveryCount - this.#losses;
    if (crashes < suspectAt) return 'trust';
    if (crashes >= surelyPoisonAt && !this.#gaveUp) {
      this.#gaveUp = true;
      return 'give up';
    }
    this.#waiting.push(held);
    return 'wait';
  }

  /** The next that are handled together, `most` at most. */
  take(most: number): readonly HeldDelivery[] {
    return this.#waiting.splice(0, Math.min(this.#trusted, most));
  }

  /** Those that were taken ended no process. */
  passed(): void {
    this.#trusted *= 2;
  }

  /** Forgets what a consumer has lost; that was no crash. */
  drop(hold: HeldDelivery['hold']): void {
    this.#losses++;
    this.#waiting = this.#waiting.filter((held) => held.hold !== hold);
  }
}
