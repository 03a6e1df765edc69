import { ceilTo, floorTo, type Instant, type Interval, intervalsIn, parseInstant, shiftBy } from '../manifest/interval.ts';
import { intervalsAtOnce } from '../materializations/incremental-strategies/interval.ts';
import type { ModelConfig } from '../project/model-config.ts';
import { type IntervalMemory, isWhole } from './interval-memory.ts';

export interface IntervalRequest {
  /** What `now` is to the run. A retry has that of the run it repeats. */
  readonly executionTime: Instant;
  /** `--start` and `--end`. */
  readonly asked?: Interval;
}

/** Everything from `begin` to the end of the current interval, in UTC; null where `begin` is yet to come. */
export function extentOf({ begin, batch_size: size }: ModelConfig, executionTime: Instant): Interval | null {
  const instant = begin === null ? null : parseInstant(begin);
  if (instant === null || size === null) return null;
  const extent = { start: floorTo(instant, size), end: ceilTo(executionTime, size) };
  return extent.start < extent.end ? extent : null;
}

/** The intervals that no whole publication holds: never written, or written before they were over. Earliest first. */
export function missingIntervals(config: ModelConfig, memory: IntervalMemory, executionTime: Instant): Interval[] {
  const extent = extentOf(config, executionTime);
  if (extent === null || config.batch_size === null) return [];
  return intervalsIn(extent, config.batch_size).filter((interval) => !isWhole(memory, interval));
}

/** What a run writes: the missing intervals, those looked back on, and those asked for. Earliest first, each once. */
export function intervalsToWrite(config: ModelConfig, memory: IntervalMemory, { executionTime, asked }: IntervalRequest): Interval[] {
  const { batch_size: size, lookback } = config;
  const extent = extentOf(config, executionTime);
  if (extent === null || size === null) return [];
  const recent = { start: shiftBy(floorTo(executionTime, size), size, -lookback), end: extent.end };
  const wanted = [recent, ...(asked ? [asked] : [])];
  return intervalsIn(extent, size).filter(
    (interval) => !isWhole(memory, interval) || wanted.some(({ start, end }) => interval.end > start && interval.start < end),
  );
}

/**
 * Intervals by the publications they go out with. A table that readers have is brought up to date in pieces, so that a kill loses one of them; one
 * that takes the place of another goes out whole.
 */
export function publicationsOf(intervals: readonly Interval[], inPieces: boolean): (readonly Interval[])[] {
  if (!inPieces || intervals.length <= intervalsAtOnce) return [intervals];
  const count = Math.ceil(intervals.length / intervalsAtOnce);
  return Array.from({ length: count }, (_, index) => intervals.slice(index * intervalsAtOnce, (index + 1) * intervalsAtOnce));
}
