/** For how long what Redis answers counts after PostgreSQL was last asked whether a later epoch has begun. */
const leaseMs = 1_000;
/** From then on it is asked again, before anybody has to wait for it. */
const renewedAfterMs = 750;

/** How long whoever begins an epoch waits before anybody counts in it: by then no process counts in an earlier one. */
export const fenceMs = 1_100;

/**
 * A process' right to count in an epoch of Redis. A Redis that was cut off from the others goes on answering the workers that still reach it
 * while another one counts for the rest, and no clock of its own tells it. So each process asks PostgreSQL, and uses no answer of Redis that
 * is not covered by what PostgreSQL said.
 */
export class EpochLease {
  readonly #isLatest: () => Promise<boolean>;
  #heardAt: Moment | null = null;
  #asking: Promise<boolean> | null = null;

  /** `isLatest` asks PostgreSQL whether no later epoch has begun. */
  constructor(isLatest: () => Promise<boolean>) {
    this.#isLatest = isLatest;
  }

  /** Whether what Redis has answered until now counts; false once a later epoch has begun. Throws as `isLatest` does. */
  holds(): Promise<boolean> | true {
    const ageMs = this.#ageMs;
    if (ageMs >= leaseMs) return this.#heardSince();
    // Whoever comes after the lease asks again, and is told what failed.
    if (ageMs >= renewedAfterMs) this.#ask().catch(() => {});
    return true;
  }

  get #ageMs(): number {
    return this.#heardAt === null ? Number.POSITIVE_INFINITY : msSince(this.#heardAt);
  }

  /** A question that was on its way before may be answered too late; one that is asked now is of after what Redis answered. */
  async #heardSince(): Promise<boolean> {
    if (this.#asking !== null) {
      if (!(await this.#asking)) return false;
      if (this.#ageMs < leaseMs) return true;
    }
    return this.#ask();
  }

  /** It counts from before the question, since a later epoch may begin as soon as the answer is on its way. */
  #ask(): Promise<boolean> {
    const asked = moment();
    this.#asking ??= this.#isLatest()
      .then((isLatest) => {
        this.#heardAt = isLatest ? asked : null;
        return isLatest;
      })
      .finally(() => {
        this.#asking = null;
      });
    return this.#asking;
  }
}

/** On both clocks of the process: the one stands still while its machine sleeps, the other may be set. */
interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

function moment(): Moment {
  return { monotonic: performance.now(), wall: Date.now() };
}

function msSince({ monotonic, wall }: Moment): number {
  return Math.max(performance.now() - monotonic, Date.now() - wall);
}
