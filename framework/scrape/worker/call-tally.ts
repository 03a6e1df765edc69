import type { CallMeter } from '../calls/open-api-calls.ts';

/** What a process counted of its calls since it last told of them. */
export interface CallSums {
  readonly requests: readonly { readonly api: string; readonly status: string; readonly count: number }[];
  /** For limits and for a place at an API. */
  readonly waits: readonly { readonly api: string; readonly count: number; readonly ms: number }[];
}

/** Counts the calls of a process, so that another one can export them. */
export class CallTally implements CallMeter {
  readonly #requests = new Map<string, { readonly api: string; readonly status: string; count: number }>();
  readonly #waits = new Map<string, { readonly api: string; count: number; ms: number }>();

  requested(api: string, outcome: string): void {
    const status = statusClass(outcome);
    const key = `${api} ${status}`;
    const known = this.#requests.get(key);
    if (known === undefined) this.#requests.set(key, { api, status, count: 1 });
    else known.count++;
  }

  waited(api: string, ms: number): void {
    const known = this.#waits.get(api);
    if (known === undefined) this.#waits.set(api, { api, count: 1, ms });
    else {
      known.count++;
      known.ms += ms;
    }
  }

  /** What was counted since the last time; null where nothing was. */
  take(): CallSums | null {
    if (this.#requests.size + this.#waits.size === 0) return null;
    const sums = { requests: [...this.#requests.values()], waits: [...this.#waits.values()] };
    this.#requests.clear();
    this.#waits.clear();
    return sums;
  }
}

/** `2xx` of 204; a word such as `timeout` stays one. */
function statusClass(outcome: string): string {
  return /^[1-5]\d\d$/.test(outcome) ? `${outcome.charAt(0)}xx` : outcome;
}
