import type { GccflowError } from '../foundation/error.ts';
import type { Freshness, NodeId, SourceNode } from '../manifest/manifest.ts';
import type { RanStatement } from './run-result.ts';

/** dbt's words. `runtime error`: how old the rows are could not be told, so that they do not count as fresh. */
export type FreshnessStatus = 'pass' | 'warn' | 'error' | 'runtime error';

/** A source whose freshness somebody asks for. */
export type DatedSource = SourceNode & { readonly freshness: Freshness };

/** How fresh one source is. All times are of the warehouse's clock, so that one that differs from ours changes nothing. */
export interface SourceFreshness {
  readonly node: NodeId;
  readonly status: FreshnessStatus;
  /** null for a runtime error. */
  readonly reading: FreshnessReading | null;
  /** Why there is no reading. */
  readonly error: GccflowError | null;
  readonly startedAt: Date;
  readonly durationMs: number;
  /** What was asked; the sources whose parts tell share one statement. */
  readonly statements: readonly RanStatement[];
}

export interface FreshnessReading {
  /** When the newest row was loaded. */
  readonly maxLoadedAt: Date;
  /** When the warehouse was asked. */
  readonly checkedAt: Date;
}

export interface FreshnessResult {
  readonly runId: string;
  readonly startedAt: Date;
  readonly durationMs: number;
  /** In the manifest's order. */
  readonly sources: readonly SourceFreshness[];
}

export function isDated(node: SourceNode): node is DatedSource {
  return node.freshness !== null;
}

/** The age of the newest row; negative where it says that it was loaded after now. */
export function ageMs({ maxLoadedAt, checkedAt }: FreshnessReading): number {
  return checkedAt.getTime() - maxLoadedAt.getTime();
}

/** What an age comes to; one that is just reached is still allowed. */
export function judgeAge({ warnAfterMs, errorAfterMs }: Freshness, age: number): 'pass' | 'warn' | 'error' {
  if (errorAfterMs !== null && age > errorAfterMs) return 'error';
  return warnAfterMs !== null && age > warnAfterMs ? 'warn' : 'pass';
}

/** Whether a source may be built on: its rows are known, and not too old. */
export function isFresh({ status }: SourceFreshness): boolean {
  return status === 'pass' || status === 'warn';
}
