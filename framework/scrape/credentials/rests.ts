/** What this process knows of credentials that rest, by its own answers, before PostgreSQL has told it back. */
export class Rests {
  /** For how long after it was stored a rest is kept: until all that was read before is forgotten. */
  readonly #keptMs: number;
  readonly #untilMs = new Map<string, number>();

  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  /** How long a credential rests still; 0 for one of which nothing is known, Infinity for one that is not to come back. */
  restMs(id: string): number {
    const untilMs = this.#untilMs.get(id);
    if (untilMs === undefined) return 0;
    const restMs = untilMs - performance.now();
    if (restMs > 0) return restMs;
    this.#untilMs.delete(id);
    return 0;
  }

  /** Of several the longest holds. Once PostgreSQL has it, its word counts, which somebody may have changed. */
  begin(id: string, forMs: number): { wasStored(): void } {
    const untilMs = Math.max(this.#untilMs.get(id) ?? 0, performance.now() + forMs);
    this.#untilMs.set(id, untilMs);
    const forget = (): void => {
      if (this.#untilMs.get(id) === untilMs) this.#untilMs.delete(id);
    };
    return { wasStored: () => void setTimeout(forget, this.#keptMs).unref() };
  }
}
