import type { StatementCost } from '../connections/warehouse.ts';
import type { GccflowError } from '../foundation/error.ts';
import type { Interval } from '../manifest/interval.ts';
import type { NodeId } from '../manifest/manifest.ts';

/** dbt's words: a node ends as success, error or skipped, a test as pass, warn, fail or error. `cancelled`: the run was stopped. */
export type NodeStatus = 'success' | 'error' | 'skipped' | 'cancelled' | 'unchanged' | 'pass' | 'warn' | 'fail';

/** A statement that ran for a node. */
export interface RanStatement extends StatementCost {
  /** As it was sent; null where who ran it does not say. */
  readonly sql: string | null;
}

/** What became of the intervals of a node. */
export interface IntervalProgress {
  readonly published: readonly Interval[];
  /** As they were before. */
  readonly failed: readonly Interval[];
  /** Not come to. */
  readonly left: readonly Interval[];
}

export interface NodeResult {
  readonly node: NodeId;
  readonly status: NodeStatus;
  /** null when it never started. */
  readonly startedAt: Date | null;
  /** Without the time spent waiting for parents or a free thread. */
  readonly durationMs: number;
  readonly rowsWritten: number | null;
  /** Failing rows of a test. */
  readonly failures: number | null;
  readonly error: GccflowError | null;
  /** The failed node on account of which this one was skipped. */
  readonly skippedBy: NodeId | null;
  /** One line for people: `12,034 rows`, `2 failing rows`, `unchanged since 2026-03-01T04:00:02Z (publication 0198…)`. */
  readonly message: string;
  /** Every statement that ran for the node. */
  readonly statements: readonly RanStatement[];
  /** The SQL that ran or would have run; null for what has none. */
  readonly compiledSql: string | null;
  readonly publicationId: string | null;
  /** Of a model that is built by intervals, what became of them. */
  readonly intervals?: IntervalProgress;
  /** Of a test with failing rows, the query that shows them. */
  readonly showSql: string | null;
}

export interface RunResult {
  readonly runId: string;
  readonly command: string;
  readonly status: 'success' | 'error' | 'cancelled';
  readonly startedAt: Date;
  readonly durationMs: number;
  /** In the order they ended. */
  readonly nodes: readonly NodeResult[];
}
