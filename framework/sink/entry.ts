import type { Delivery } from '../connections/broker.ts';

/** Columns of the destination with JSON values as it takes them; integers beyond 2^53 are texts. */
export type Row = Readonly<Record<string, unknown>>;

/** A delivery and the rows made of it. They are stored together, and what one of them lacks sends the whole delivery to the dead letters. */
export interface Entry {
  readonly delivery: Delivery;
  readonly rows: readonly Row[];
  /** Values of `deduplicate_by`, one a row; empty where the sink declares none. */
  readonly ids: readonly string[];
  /** Size of the body. */
  readonly bytes: number;
}
