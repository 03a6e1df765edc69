import type { LeasedRow } from './exchange-sql.ts';

/** A place in the line of a flow. */
export interface Place {
  readonly priority: number;
  readonly turn: string;
  readonly id: string;
}

interface Pace {
  /** Where the last task stood that was leased. */
  place: Place | null;
  /** When the line was last looked at from its beginning. */
  lookedAtMs: number;
  countedFromMs: number;
  count: number;
  isFast: boolean;
}

/** How long a line is taken to have nobody new at its beginning. */
const trustMs = 250;
/** Tasks a millisecond from which on a flow is fast. */
const fast = 2;

/**
 * Where tasks wait in lines that move fast. What was leased from an index stays in it until it is swept: who reads it from its beginning
 * passes by all of that, 1 ms for 60,000 tasks. So a flow of which this process leases more than 2,000 tasks a second is read from where the
 * last one was, and four times a second from its beginning, for those who came there: of a higher priority, or given back.
 */
export class LinePlaces {
  readonly #paces = new Map<string, Pace>();

  /** Where to begin in a flow's line; null for its beginning. */
  of(flow: string): Place | null {
    const pace = this.#paces.get(flow);
    if (pace?.isFast !== true) return null;
    return performance.now() - pace.lookedAtMs > trustMs ? null : pace.place;
  }

  /** Takes note of what was leased, in the order of the lines, from these flows, and of which of them from the beginning. */
  note(rows: readonly LeasedRow[], fromBeginning: readonly string[]): void {
    const nowMs = performance.now();
    for (const flow of fromBeginning) this.#paceOf(flow).lookedAtMs = nowMs;
    for (const { flow, priority, turn, id } of rows) {
      if (id === null) return;
      const pace = this.#paceOf(flow);
      pace.count++;
      pace.place = { priority, turn, id };
    }
    for (const pace of this.#paces.values()) measure(pace, nowMs);
  }

  #paceOf(flow: string): Pace {
    const known = this.#paces.get(flow);
    if (known !== undefined) return known;
    const fresh = { place: null, lookedAtMs: Number.NEGATIVE_INFINITY, countedFromMs: performance.now(), count: 0, isFast: false };
    this.#paces.set(flow, fresh);
    return fresh;
  }
}

function measure(pace: Pace, nowMs: number): void {
  const elapsedMs = nowMs - pace.countedFromMs;
  if (elapsedMs < trustMs) return;
  Object.assign(pace, { isFast: pace.count > fast * elapsedMs, count: 0, countedFromMs: nowMs });
}
