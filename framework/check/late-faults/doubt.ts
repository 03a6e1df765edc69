import type { ErrorCode } from '../../foundation/error-codes.ts';

/** A place of SQL that ClickHouse takes as long as no row comes by, and that may be a mistake. */
export interface Doubt {
  readonly offset: number;
  /** What ClickHouse is asked in order to know. */
  readonly statement: string;
  /** Whether the statement names no table, so that its answer is always the same. */
  readonly isConstant?: boolean;
  /** What its complaint says of the place; null where it is another one. */
  readonly mistakeOf: (said: string) => PlainMistake | null;
  /** The mistake that the place is where ClickHouse takes the statement. */
  readonly whenTaken?: PlainMistake;
}

/** A mistake in words of ours. */
export interface PlainMistake {
  readonly code: ErrorCode;
  /** Where it stands, if it is not the place of the doubt. */
  readonly offset?: number;
  /** Without a full stop. */
  readonly sentence: string;
  readonly hint?: string;
  /** It may be meant. */
  readonly isWarning?: boolean;
}

export type PlacedMistake = PlainMistake & { readonly offset: number };
