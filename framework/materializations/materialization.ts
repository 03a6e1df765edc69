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
  /** Drops from `table` every partition whose id `query` returns (one column, `partition_id`). */
  | {
      readonly kind: 'drop_partitions';
      readonly purpose: string;
      readonly table: Relation;
      readonly query: string;
      readonly settings: StatementSettings;
    };

/** How a node comes to be published. */
export interface BuildPlan {
  /** `full`: the stage starts empty. `incremental`: the stage starts as a clone of the live table. */
  readonly mode: 'full' | 'incremental';
  /** Why this mode: `first build`, `--full-refresh`, `the ledger has a whole publication`. */
  readonly reason: string;
  readonly steps: readonly WriteStep[];
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
  /** The model's SELECT; empty for a seed. `incremental` says what `is_incremental` is. */
  readonly sql: (incremental: boolean) => string;
  /** Columns and types of a seed, in the file's order; empty for a model. */
  readonly seedColumns: readonly SeedColumn[];
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
