import { BrokenCircuitError, type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';

/** What counts against an API. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
}

/** Nothing was sent, as the breaker is open. */
export { BrokenCircuitError as BreakerOpen };

export interface BreakerOptions {
  /** Failures one after another that open it, */
  readonly failures: number;
  /** and for how long nothing is sent then. */
  readonly openForMs: number;
}

/**
 * Keeps requests from an API that is out of order. After its time one request is let through: it closes the breaker, or opens it anew. The
 * library would let others wait for that one; who asks `state` first sends none.
 */
export class Breaker {
  readonly #policy: CircuitBreakerPolicy;
  readonly #openForMs: number;
  #openedAtMs = 0;

  constructor({ failures, openForMs }: BreakerOptions) {
    // The one request that is let through has to succeed; one that is broken off tells nothing good.
    const counts = (error: unknown): boolean => error instanceof ApiFailure || this.#policy.state === CircuitState.HalfOpen;
    this.#policy = circuitBreaker(handleWhen(counts), { halfOpenAfter: openForMs, breaker: new ConsecutiveBreaker(failures) });
    this.#openForMs = openForMs;
    this.#policy.onBreak(() => {
      this.#openedAtMs = performance.now();
    });
  }

  /** `due`: open, and one request may try. */
  get state(): 'closed' | 'open' | 'due' {
    if (this.#policy.state === CircuitState.Closed) return 'closed';
    return this.waitMs > 0 ? 'open' : 'due';
  }

  /** How long until one request may try; 0 where one may. The library counts whole milliseconds. */
  get waitMs(): number {
    if (this.#policy.state !== CircuitState.Open) return 0;
    return Math.max(0, this.#openedAtMs + this.#openForMs + 1 - performance.now());
  }

  /** Runs what sends a request; an `ApiFailure` that it throws is counted. Throws `BreakerOpen`. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#policy.execute(work);
  }
}
