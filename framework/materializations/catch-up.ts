import type { Relation } from '../manifest/relation.ts';
import type { StatementSettings } from './statement.ts';

/**
 * How a materialized view begins with the rows its source has already. In the SQL `cutOver` stands for the moment, a time in whole
 * seconds, and `partition` for a condition that picks one partition of the source.
 */
export interface CatchUp {
  readonly source: Relation;
  /** A column of `source`. */
  readonly watermark: string;
  readonly delayMs: number;
  readonly trigger: Relation;
  /** Makes the trigger, which sees the rows from the cut-over on. */
  readonly start: string;
  /** Inserts what was there before, run for every partition. */
  readonly fill: string;
  /** Lets the trigger see every row. */
  readonly release: string;
  readonly settings: StatementSettings;
}

export const cutOver = '<cut-over>';
export const partition = '<partition>';
