/** One limit that a call must keep: at most `requests` of a key in any `perMs`. */
export interface Level {
  /** e.g. `beat_minute_instagram`. Everybody who names the key, and a window of the same length and kind, shares its count. */
  readonly key: string;
  readonly requests: number;
  readonly perMs: number;
  /** `sliding`: never more in any window of that length. `fixed`: windows begin at whole multiples, and up to twice as many may meet at a boundary. */
  readonly window: 'sliding' | 'fixed';
}

/** What one call needs to be let through. */
export interface LimitRequest {
  /** All of them are taken, or none. Of several that share a count one is taken, and the strictest holds. */
  readonly levels: readonly Level[];
  /**
   * Of several ways to make the call (providers, credentials), in the order of preference: the levels of exactly one are taken too, the
   * first that lets it through. Empty where there is one way.
   */
  readonly choices: readonly (readonly Level[])[];
}

export type LimitAnswer =
  /** `choice` is the index of the choice that was taken; 0 where there are none. */
  | { readonly admitted: true; readonly choice: number }
  /** Nothing was taken. `key` is the level that frees last, of the choice that frees first; before `waitMs` have passed it is of no use to ask again. */
  | { readonly admitted: false; readonly waitMs: number; readonly key: string };

/** A level that a limiter has counted, as far as it knows it. */
export type KnownLevel = Omit<Level, 'requests'>;

export interface LevelState extends Level {
  /** Calls within the window that ends now; what was lost counts. */
  readonly used: number;
  /** How long until one more is let through; 0 for at once. */
  readonly waitMs: number;
  /** The provider closed it until then; null where it did not. */
  readonly closedForMs: number | null;
}

/**
 * Counts calls against limits that any number of processes share: in Redis, or in the target's PostgreSQL. No window ever holds more calls
 * than its level allows: what the store forgot (a restart, a flush) counts as used until it is known again, a count that may have been
 * written counts as written, and a store that is away lets nothing through. Time is the store's own.
 * Methods throw LIMITER_UNREACHABLE where the store is away.
 */
export interface Limiter extends AsyncDisposable {
  readonly kind: 'redis' | 'embedded';
  /** Asks once, in one round trip; never waits. */
  ask(request: LimitRequest): Promise<LimitAnswer>;
  /** Closes a key at once for all processes, as a provider's answer says; a longer closing that is there stays. */
  close(key: string, forMs: number): Promise<void>;
  /** Tells that the provider counts at most `remaining` more calls in the next `forMs`; only ever narrows. */
  narrow(level: Level, remaining: number, forMs: number): Promise<void>;
  /** How full levels are; takes nothing. */
  inspect(levels: readonly Level[]): Promise<readonly LevelState[]>;
  /** Levels that were counted of late, in no order; about `limit` of them at most. */
  known(limit: number): Promise<readonly KnownLevel[]>;
}

/** Waits in line for a limiter's yes: in the order of coming among those that wait for the same key, one of them asking at a time. */
export interface LimitLine {
  /**
   * Gives back the index of the choice that was taken. Throws `LimitWait` where more than `maxWaitMs` would pass, or where the limiter is
   * away and the target says `fail_closed`; rejects with the signal's reason.
   */
  pass(request: LimitRequest, options: { readonly maxWaitMs: number; readonly signal: AbortSignal }): Promise<number>;
}

/** A call that is not let through soon enough. The task is given back, not failed. */
export class LimitWait extends Error {
  override readonly name = 'LimitWait';
  /** The level, or null where the limiter itself is away. */
  readonly key: string | null;
  readonly waitMs: number;

  constructor(key: string | null, waitMs: number) {
    super(key === null ? 'the limiter is away' : `the limit '${key}' is used up`);
    this.key = key;
    this.waitMs = waitMs;
  }
}
