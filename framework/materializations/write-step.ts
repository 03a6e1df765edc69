import type { ErrorCode } from '../foundation/error-codes.ts';
import type { Interval } from '../manifest/interval.ts';
import type { Relation } from '../manifest/relation.ts';
import type { SchemaChangePolicy } from '../project/model-config.ts';
import type { CatchUp } from './catch-up.ts';
import type { DictionaryDefinition } from './dictionary-sql.ts';
import type { SeedColumn } from './seed-column.ts';
import type { Statement, StatementSettings } from './statement.ts';

/**
 * What brings a stage up to date, step by step. A closed set of plain data, so that a plan can be printed and `run/` stays a small
 * interpreter. Every step writes only to names of ours (the stage, the delta, …), never to the live relation.
 */
export type WriteStep =
  | ({ readonly kind: 'statement' } & Statement)
  /** Fills `into` with the rows of `sql`; these are the rows the node is said to have written. */
  | {
      readonly kind: 'insert';
      readonly purpose: string;
      readonly into: Relation;
      readonly sql: string;
      /** `position`: the stage was made from this very SQL. `name`: the columns that both have, whatever their order. */
      readonly columnsBy: 'position' | 'name';
      readonly settings: StatementSettings;
    }
  /** Streams the seed's file into a table of texts, as many of them as there are columns. */
  | {
      readonly kind: 'load';
      readonly purpose: string;
      readonly into: Relation;
      readonly columns: readonly SeedColumn[];
      readonly delimiter: string;
    }
  /** Puts the texts of `from` into `into` as values of its columns' types, exactly. Throws SEED_INVALID where one is no value of its type. */
  | {
      readonly kind: 'fit_types';
      readonly purpose: string;
      readonly from: Relation;
      readonly into: Relation;
      readonly columns: readonly SeedColumn[];
      readonly delimiter: string;
      readonly sql: string;
      readonly settings: StatementSettings;
    }
  /** Compares the columns `sql` returns with those of `table` and applies the policy to `table` by ALTER, or throws SCHEMA_CHANGED. */
  | {
      readonly kind: 'match_columns';
      readonly purpose: string;
      readonly sql: string;
      readonly table: Relation;
      readonly policy: SchemaChangePolicy;
      readonly settings: StatementSettings;
    }
  /**
   * Replaces the rows that `table` has of the intervals by those their SELECTs return, several SELECTs at once. An interval whose SELECT fails
   * is left as it was, and the others are replaced.
   */
  | {
      readonly kind: 'intervals';
      readonly purpose: string;
      readonly table: Relation;
      readonly eventTime: string;
      readonly intervals: readonly IntervalWrite[];
      /** Takes the rows of rewritten partitions that belong to none of the intervals. */
      readonly kept: Relation;
      /** The COMMENT of the tables that the step makes. */
      readonly comment: string;
      readonly settings: StatementSettings;
    }
  /** Throws CONFIG_CONFLICT where the columns that the config names are not those that `sql` returns. */
  | {
      readonly kind: 'require_columns';
      readonly purpose: string;
      readonly sql: string;
      readonly settings: StatementSettings;
    }
  /** Throws `code` where `query` returns rows: `gccflow_item` says what is wrong in each, `gccflow_total` how many there are. */
  | {
      readonly kind: 'require_none';
      readonly purpose: string;
      readonly query: string;
      readonly code: ErrorCode;
      /** What they are: `keys of its SELECT`. */
      readonly what: string;
      readonly hint: string;
      readonly settings: StatementSettings;
    }
  /** Lets `table` know repeated inserts as `source` does. */
  | { readonly kind: 'keep_tokens_as'; readonly purpose: string; readonly source: Relation; readonly table: Relation }
  /** Feeds `rows` with what is inserted into `source` from a moment on, then fills it with what was there before. */
  | ({ readonly kind: 'catch_up'; readonly purpose: string } & CatchUp)
  /** Makes a dictionary with the columns that `sql` returns. */
  | {
      readonly kind: 'create_dictionary';
      readonly purpose: string;
      readonly sql: string;
      readonly dictionary: DictionaryDefinition;
      readonly settings: StatementSettings;
    }
  /** A statement in which `matchedColumns` stands for what `match_columns` found on both sides, without `except`. */
  | {
      readonly kind: 'on_matched_columns';
      readonly purpose: string;
      readonly sql: string;
      readonly except: readonly string[];
      readonly settings: StatementSettings;
    }
  /** Drops from `table` every partition whose id `query` returns (one column, `partition_id`). */
  | {
      readonly kind: 'drop_partitions';
      readonly purpose: string;
      readonly table: Relation;
      readonly query: string;
      readonly settings: StatementSettings;
    };

/** One interval of an `intervals` step: its rows are collected in a table of their own first. */
export interface IntervalWrite {
  readonly interval: Interval;
  readonly into: Relation;
  readonly sql: string;
}

/** What stands for the columns in the SQL of `on_matched_columns`. */
export const matchedColumns = '<columns of the select>';
