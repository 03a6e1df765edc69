import type { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import type { Interval } from '../manifest/interval.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import type { WriteStep } from '../materializations/write-step.ts';
import { collectIntervals } from './collect-intervals.ts';
import { readEventTime } from './event-time.ts';
import type { NodeStatements } from './node-statements.ts';
import { replaceIntervals } from './replace-intervals.ts';
import type { RetryPolicy } from './run-deps.ts';
import { dropOwn } from './staging-tables.ts';

export interface IntervalDeps {
  readonly node: ModelNode | SeedNode;
  readonly statements: NodeStatements;
  /** SELECTs at once. */
  readonly threads: number;
  readonly retry: RetryPolicy;
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface IntervalFailure {
  readonly interval: Interval;
  readonly error: GccflowError;
}

export interface IntervalsDone {
  readonly rows: number;
  readonly written: readonly Interval[];
  /** Left as they were. */
  readonly failed: readonly IntervalFailure[];
}

/**
 * Collects the rows of each interval in a table of its own, several at once, then puts those that came whole in the place of what the step's
 * table has of them. Throws EVENT_TIME_INVALID where the model has no such column, and what is no fault of one interval: an abort, a server
 * that is away.
 */
export async function writeIntervals(
  step: Extract<WriteStep, { kind: 'intervals' }>,
  columns: readonly string[] | null,
  deps: IntervalDeps,
): Promise<IntervalsDone> {
  const eventTime = await readEventTime(step, deps);
  const outcomes = await collectIntervals(step, { columns, eventTime }, deps);
  const collected = outcomes.filter(({ error }) => error === null);
  const writes = collected.map(({ write }) => write);
  await replaceIntervals(step, writes, eventTime, deps.statements);
  await dropOwn(deps.statements, ...step.intervals.map(({ into }) => into), step.kept);
  return {
    rows: collected.reduce((sum, { rows }) => sum + rows, 0),
    written: writes.map(({ interval }) => interval),
    failed: outcomes.flatMap(({ write, error }) => (error === null ? [] : [{ interval: write.interval, error }])),
  };
}
