import type { Held, Hold } from './held.ts';

export interface BatchLimits {
  /** A batch is due at this many rows, */
  readonly maxRows: number;
  /** and takes along what else waits by then, up to this many: an insert of 5000 rows costs little more than one of 1000. */
  readonly mostRows: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
}

/** What has come and is not being stored yet, in the queue's order, cut into batches. Has no clock and no timer of its own. */
export class Batches {
  readonly #limits: BatchLimits;
  #waiting: Held[] = [];
  #rows = 0;
  #bytes = 0;
  #maxRows: number;
  /** While set, whatever waits is due. */
  flushing = false;
  /** A batch is due at this many deliveries too, where no more can come before some are stored. */
  mostDeliveries = Number.POSITIVE_INFINITY;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
    this.#maxRows = limits.maxRows;
  }

  get size(): number {
    return this.#waiting.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Rows at which a batch is due at present. */
  get maxRows(): number {
    return this.#maxRows;
  }

  /** Makes batches due at another number of rows; one row at least. A smaller one than declared is a limit too. */
  resize(maxRows: number): void {
    this.#maxRows = Math.max(1, Math.round(maxRows));
  }

  add(held: Held): void {
    this.#waiting.push(held);
    this.#rows += held.entry.rows.length;
    this.#bytes += held.entry.bytes;
  }

  /** How long until a batch is due; 0 where one is, null where nothing waits. */
  dueInMs(nowMs: number): number | null {
    const [oldest] = this.#waiting;
    if (oldest === undefined) return null;
    if (this.flushing || this.#waiting.length >= this.mostDeliveries) return 0;
    if (this.#rows >= this.#maxRows || this.#bytes >= this.#limits.maxBytes) return 0;
    return Math.max(0, oldest.sinceMs + this.#limits.maxWaitMs - nowMs);
  }

  /** The oldest that fit into one batch, one at least; empty where nothing waits. */
  take(): Held[] {
    const mostRows = this.#maxRows < this.#limits.maxRows ? this.#maxRows : this.#limits.mostRows;
    let rows = 0;
    let bytes = 0;
    let count = 0;
    for (const { entry } of this.#waiting) {
      if (count > 0 && (rows + entry.rows.length > mostRows || bytes + entry.bytes > this.#limits.maxBytes)) break;
      rows += entry.rows.length;
      bytes += entry.bytes;
      count++;
    }
    this.#rows -= rows;
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  /** Forgets what a consumer has lost: it comes again. */
  drop(hold: Hold): void {
    const kept = this.#waiting.filter((held) => held.hold !== hold);
    this.#waiting = kept;
    this.#rows = kept.reduce((rows, { entry }) => rows + entry.rows.length, 0);
    this.#bytes = kept.reduce((bytes, { entry }) => bytes + entry.bytes, 0);
  }
}
