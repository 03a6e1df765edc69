import type { Entry } from './entry.ts';

/**
 * Stores rows in one destination. At least once: when `write` has resolved, the rows outlive a crash of anything; when it has thrown they
 * may be stored or not, and the same call with the same token does no harm as far as the writer promises.
 */
export interface Writer extends AsyncDisposable {
  /** Stores the rows of all entries, or throws `WriteFault`. `token` is the same in every try of the same entries. */
  write(entries: readonly Entry[], options: WriteOptions): Promise<void>;

  /**
   * Of entries that may have been stored before, by this process or another, those whose rows are all there. Waits for inserts of
   * processes that died. Empty where the sink has no `deduplicate_by`.
   */
  findStored(entries: readonly Entry[], signal: AbortSignal): Promise<ReadonlySet<Entry>>;
}

export interface WriteOptions {
  readonly token: string;
  readonly signal: AbortSignal;
}

/**
 * Why a write failed, by what is to be done about it.
 * `outage`: nobody is to blame, the same write passes later (connection, timeout, read-only, server overloaded).
 * `load`: as `outage`, and a batch of another size may pass sooner: `TOO_MANY_PARTS` wants larger ones, memory smaller ones.
 * `setup`: the table is missing or has other columns, the login is refused: nothing of this sink can be stored until somebody acts.
 * `data`: the destination refused what is in the rows.
 */
export type WriteFaultKind = 'outage' | 'load' | 'setup' | 'data';

/** A failed write. Never holds a value of a row. */
export class WriteFault extends Error {
  override readonly name = 'WriteFault';
  readonly kind: WriteFaultKind;
  /** The destination's own name of it, e.g. `TOO_MANY_PARTS`, `23505`, `HTTP 422`. */
  readonly code: string;
  /** The entry at fault, where the destination says which; its place in the batch, from 0. */
  readonly culprit: number | null;
  /** For `load`: whether batches should grow or shrink. */
  readonly resize: 'grow' | 'shrink' | null;
  /** For how long the destination asked not to be called; null where it did not. */
  readonly retryAfterMs: number | null;

  constructor(kind: WriteFaultKind, code: string, message: string, details: WriteFaultDetails = {}) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.code = code;
    this.culprit = details.culprit ?? null;
    this.resize = details.resize ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

export interface WriteFaultDetails {
  readonly culprit?: number | null;
  readonly resize?: 'grow' | 'shrink' | null;
  readonly retryAfterMs?: number | null;
  readonly cause?: unknown;
}
