/** How long a child that ended is not started again. */
export interface RestartPolicy {
  readonly firstMs: number;
  readonly mostMs: number;
  /** Crashes of a group within a minute after which it is not a matter of one task any more, */
  readonly loopCrashes: number;
  /** and how long its children that ended rest then. */
  readonly loopMs: number;
}

export const restartPolicy: RestartPolicy = { firstMs: 1000, mostMs: 30_000, loopCrashes: 5, loopMs: 60_000 };

const windowMs = 60_000;

/** Counts the crashes of one group of children. */
export class Restarts {
  readonly #policy: RestartPolicy;
  #crashes: number[] = [];

  constructor(policy: RestartPolicy) {
    this.#policy = policy;
  }

  /** Tells of a crash; gives back how long the child is to rest, and whether the group keeps crashing. */
  crashed(nowMs: number): { readonly waitMs: number; readonly isLoop: boolean } {
    this.#crashes = [...this.#crashes.filter((crashMs) => crashMs > nowMs - windowMs), nowMs];
    const { firstMs, mostMs, loopCrashes, loopMs } = this.#policy;
    const isLoop = this.#crashes.length >= loopCrashes;
    return { isLoop, waitMs: isLoop ? loopMs : Math.min(mostMs, firstMs * 2 ** (this.#crashes.length - 1)) };
  }

  /** How long to rest after a crash that was asked for: the search for the task that crashes its process. */
  get searchingMs(): number {
    return this.#policy.firstMs;
  }
}
