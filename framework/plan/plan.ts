import type { Instant, Interval } from '../manifest/interval.ts';
import type { NodeId } from '../manifest/manifest.ts';
import type { Relation } from '../manifest/relation.ts';
import type { BuildPlan } from '../materializations/materialization.ts';
import type { IntervalRequest } from './intervals.ts';
import type { RelationState } from './warehouse-state.ts';

/** `run` publishes without tests, as in dbt; `build` audits every stage before it is published. */
export type PlanCommand = 'build' | 'run' | 'test' | 'seed' | 'sync';

export interface PlanRequest extends IntervalRequest {
  readonly command: PlanCommand;
  /** The nodes that were selected; the command takes from them what it runs. */
  readonly nodes: readonly NodeId[];
  readonly fullRefresh: boolean;
  /** A repair: the intervals to write of each node, in place of those that are due. */
  readonly repair?: ReadonlyMap<NodeId, readonly Interval[]>;
  /** How long nodes took last time; decides what starts first. */
  readonly durationsMs: ReadonlyMap<NodeId, number>;
  readonly runId: string;
  /** Makes up ids, UUIDs of version 7: publications are ordered by them. */
  readonly newId: () => string;
}

/** What a run will do, decided before it begins. Plain data: printable as JSON. */
export interface Plan {
  readonly runId: string;
  readonly command: PlanCommand;
  /** What `now` is to the run. */
  readonly executionTime: Instant;
  /** Parents before children. */
  readonly nodes: readonly PlannedNode[];
}

export type PlannedNode = PlannedBuild | PlannedTest | PlannedSync;

interface PlannedCommon {
  readonly node: NodeId;
  /** Nodes of this plan that must be done before. */
  readonly waitsFor: readonly NodeId[];
  /** The longest way from the node's start to the end of the run, by the last run's durations. The longest starts first. */
  readonly pathMs: number;
}

/** What one exchange publishes. */
export interface PlannedPublication {
  readonly publicationId: string;
  readonly stage: Relation;
  readonly build: BuildPlan;
  /** The COMMENT of the stage, and after the exchange of the relation. That of intervals tells of them too, once they are written. */
  readonly comment: string;
  /** The intervals that are written; null for a node that is not built by intervals. */
  readonly intervals: readonly Interval[] | null;
}

/** A model or seed that is published. */
export interface PlannedBuild extends PlannedCommon, PlannedPublication {
  readonly kind: 'build';
  readonly relation: Relation;
  /** Publications that follow this one: many intervals go out in pieces. */
  readonly later: readonly PlannedPublication[];
  readonly publishes: 'table' | 'view';
  /** What stands in the relation's place now; null for nothing. */
  readonly replaces: RelationState | null;
  readonly fingerprint: string | null;
  /** The publication that already holds what this build would make; nothing is written then. */
  readonly unchangedSince: string | null;
  /** The SELECT of a model; null for a seed. */
  readonly compiledSql: string | null;
  /** Tests that run on the stage, before it is published. */
  readonly audits: readonly NodeId[];
  /** Previous versions kept for a rollback. */
  readonly retain: number;
  readonly timeoutMs: number | null;
}

/** A test of relations that are published already. */
export interface PlannedTest extends PlannedCommon {
  readonly kind: 'test';
}

export interface PlannedSync extends PlannedCommon {
  readonly kind: 'sync';
}
