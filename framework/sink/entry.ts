import type { Delivery } from '../connections/broker.ts';

/** Columns of the destination with JSON values as it takes them; integers beyond 2^53 are texts. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields of a row, or the JSON text of them for a destination that takes text: one text costs less to keep than all that is in it. */
export type Row = Fields | string;

export function fieldsOf(row: Row): Fields {
  return typeof row === 'string' ? (JSON.parse(row) as Fields) : row;
}

/** A delivery and the rows made of it. They are stored together, and what one of them lacks sends the whole delivery to the dead letters. */
export interface Entry {
  readonly delivery: Delivery;
  readonly rows: readonly Row[];
  /** Values of `deduplicate_by`, one a row; empty where the sink declares none. */
  readonly ids: readonly string[];
  /** Size of the body. */
  readonly bytes: number;
}
