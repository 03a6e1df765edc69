import { Breaker, type BreakerOptions } from './breaker.ts';

export interface GateOptions extends BreakerOptions {
  /** Requests at once. */
  readonly concurrency: number;
}

/** The right to send one request. Disposing it makes room for another. */
export type Place = Disposable;

/** While one request tries whether an API is back, the others look again after this long. */
const probeMs = 1000;

/**
 * Whether a process may send a request to an API: its places, its breaker, and the rest that the provider has asked for. A place is held
 * before a request is let through its limits, so that it is sent at once then: limits count what the provider sees.
 */
export class ApiGate {
  readonly #breaker: Breaker;
  readonly #concurrency: number;
  readonly #waiting = new Set<() => void>();
  #held = 0;
  #isProbed = false;
  #restUntilMs = 0;

  constructor(options: GateOptions) {
    this.#breaker = new Breaker(options);
    this.#concurrency = options.concurrency;
  }

  /** How long nothing may be sent; 0 where something may. */
  get closedForMs(): number {
    const probe = this.#isProbed ? probeMs : 0;
    return Math.max(0, this.#restUntilMs - performance.now(), this.#breaker.waitMs, probe);
  }

  get isBroken(): boolean {
    return this.#breaker.state !== 'closed';
  }

  /** Nothing more is sent for so long. Of several the longest holds. */
  rest(forMs: number): void {
    this.#restUntilMs = Math.max(this.#restUntilMs, performance.now() + forMs);
  }

  /** Null where all places are held, or nothing may be sent. */
  hold(): Place | null {
    if (this.closedForMs > 0 || this.#held >= this.#concurrency) return null;
    const isProbe = this.#breaker.state === 'due';
    this.#held++;
    if (isProbe) this.#isProbed = true;
    let isHeld = true;
    const leave = (): void => {
      if (!isHeld) return;
      isHeld = false;
      this.#held--;
      if (isProbe) this.#isProbed = false;
      this.#wakeNext();
    };
    return { [Symbol.dispose]: leave };
  }

  /**
   * Calls `wake` once when a place is free, those first that have waited longest. Disposing it, after the place was taken or left, lets the
   * next one have what is left.
   */
  onFree(wake: () => void): Disposable {
    let isWoken = false;
    const waiter = (): void => {
      isWoken = true;
      this.#waiting.delete(waiter);
      wake();
    };
    this.#waiting.add(waiter);
    const forget = (): void => {
      this.#waiting.delete(waiter);
      if (isWoken) this.#wakeNext();
    };
    return { [Symbol.dispose]: forget };
  }

  /** Runs what sends a request, in a place that is held. `ApiFailure` counts against the API; throws `BreakerOpen` where nothing was sent. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#breaker.run(work);
  }

  #wakeNext(): void {
    if (this.#held < this.#concurrency) this.#waiting.values().next().value?.();
  }
}
