import type { ErrorCode } from '../foundation/error-codes.ts';
import type { Instant, Interval } from '../manifest/interval.ts';
import type { Relation } from '../manifest/relation.ts';
import type { ConfigMistake } from '../project/builtins.ts';
import type { ModelConfig, SchemaChangePolicy } from '../project/model-config.ts';

export type StatementSettings = Readonly<Record<string, string | number | boolean>>;

/** One statement for ClickHouse and why it is run. */
export interface Statement {
  /** For people: `build the new table`. */
  readonly purpose: string;
  readonly sql: string;
  readonly settings?: StatementSettings;
}

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

/** A column of the SELECT that a key of the config names. */
export interface RequiredColumn {
  readonly name: string;
  readonly key: keyof ModelConfig;
  /** Whether it is to be a Date, DateTime or DateTime64. */
  readonly isTime: boolean;
}

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

/** What a dictionary is made from, besides its columns. */
export interface DictionaryDefinition {
  readonly relation: Relation;
  readonly primaryKey: readonly string[];
  /** null: by the type of the key. */
  readonly layout: string | null;
  /** SQL of the source, e.g. `null()`. */
  readonly source: string;
  readonly lifetimeMs: number | null;
  readonly comment: string;
}

/** What a table is for that a published relation goes on using. */
export type CompanionPurpose = 'rows' | 'trigger';

/** How a node comes to be published. */
export interface BuildPlan {
  /** `full`: the stage starts empty. `incremental`: the stage starts as a clone of the live table. */
  readonly mode: 'full' | 'incremental';
  /** Why this mode: `first build`, `--full-refresh`, `the ledger has a whole publication`. */
  readonly reason: string;
  readonly steps: readonly WriteStep[];
  /** Steps that run when the stage has passed its tests, right before it is published. Each leaves the live relation whole. */
  readonly commit?: readonly WriteStep[];
  /** Tables of ours that the published relation goes on using, in the order in which to drop them. They are kept while a version uses them. */
  readonly companions?: readonly Relation[];
  /** Tables of ours besides the stage that the steps create, dropped at the end and swept after a crash. */
  readonly scratch: readonly Relation[];
}

export interface SeedColumn {
  readonly name: string;
  /** As ClickHouse writes it, without aliases. */
  readonly type: string;
}

/** What a materialization needs to know to plan. */
export interface BuildInput {
  readonly name: string;
  readonly config: ModelConfig;
  /** The relation that readers use. Not written to by any step. */
  readonly live: Relation;
  /** The stage, a name in the staging database that no one else uses. */
  readonly stage: Relation;
  /** Gives a further name of ours in the staging database: `scratch('delta')`. */
  readonly scratch: (purpose: string) => Relation;
  /**
   * Gives the name of a table that the published relation goes on using: that of the live version where it is brought up to date, a new one
   * where it is built anew.
   */
  readonly companion: (purpose: CompanionPurpose) => Relation;
  /** The model's SELECT; empty for a seed. `incremental` says what `is_incremental` is, `interval` what the SELECT is to return. */
  readonly sql: (incremental: boolean, interval?: Interval) => string;
  /** The table that the SELECT names first; null where it is none that others insert into. */
  readonly source: Relation | null;
  /** The model's SELECT, reading only those rows of `source` that a condition holds for. */
  readonly sqlWhere: (condition: string) => string;
  /** The intervals to write; none for a model that is not built by intervals. */
  readonly intervals: readonly Interval[];
  /** Columns and types of a seed, in the file's order; empty for a model. */
  readonly seedColumns: readonly SeedColumn[];
  /** What `now` is to the run. */
  readonly executionTime: Instant;
  /** The comment that every stage carries: the publication's id and the node, as JSON. */
  readonly comment: string;
  /** True when live exists, its last publication was whole, and no full refresh is asked for. */
  readonly incremental: boolean;
  /** Why `incremental` is what it is. */
  readonly reason: string;
}

/** A way to turn a SELECT into a relation. Pure: decides statements and runs none. */
export interface Materialization {
  readonly name: string;
  /** What it publishes; null when it builds nothing of its own (ephemeral). */
  readonly publishes: 'table' | 'view' | null;
  /** Contradictions in a config, found before anything runs. */
  readonly check: (config: ModelConfig) => readonly ConfigMistake[];
  readonly plan: (input: BuildInput) => BuildPlan;
}

/** Checks a materialization's types where it is written. */
export function defineMaterialization(materialization: Materialization): Materialization {
  return materialization;
}
