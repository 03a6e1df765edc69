import type { Instant, Interval } from '../manifest/interval.ts';
import type { Relation } from '../manifest/relation.ts';
import type { ConfigMistake } from '../project/builtins.ts';
import type { ModelConfig } from '../project/model-config.ts';
import type { SeedColumn } from './seed-column.ts';
import type { WriteStep } from './write-step.ts';

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
