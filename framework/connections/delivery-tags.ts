/**
 * The tags of one channel's deliveries, which count from 1, and which of them are settled. Tells with how few acknowledgements more of them
 * can be settled: a multiple one reaches everything below it, so it may only be used where all of that is settled too.
 */
export class DeliveryTags {
  /** All up to this one are settled. */
  #floor = 0;
  /** Those above it that are, mostly none. */
  readonly #above = new Set<number>();

  /** Notes `tags` as settled. A tag that was settled before is left out: the broker closes the channel of a second acknowledgement. */
  settle(tags: readonly number[]): Settlement {
    if (this.#areNext(tags)) {
      this.#floor += tags.length;
      if (this.#above.size > 0) this.#raiseFloor();
      return { upTo: tags.at(-1) ?? null, single: [] };
    }
    const before = this.#floor;
    const fresh = [...new Set(tags)].filter((tag) => tag > before && !this.#above.has(tag)).sort((a, b) => a - b);
    for (const tag of fresh) this.#above.add(tag);
    this.#raiseFloor();
    const single = fresh.filter((tag) => tag > this.#floor);
    return { upTo: fresh[fresh.length - single.length - 1] ?? null, single };
  }

  /** Whether they are exactly the lowest that are not settled, in order: the usual case, in which nothing is allocated. */
  #areNext(tags: readonly number[]): boolean {
    for (let index = 0; index < tags.length; index++) {
      if (tags[index] !== this.#floor + 1 + index) return false;
    }
    return tags.length > 0 && this.#above.size === 0;
  }

  #raiseFloor(): void {
    while (this.#above.delete(this.#floor + 1)) this.#floor++;
  }
}

export interface Settlement {
  /** The tag of one multiple acknowledgement, or null where none can be used. */
  readonly upTo: number | null;
  /** Those that need one each. */
  readonly single: readonly number[];
}
