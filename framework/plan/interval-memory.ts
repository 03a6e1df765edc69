import type { Instant, Interval } from '../manifest/interval.ts';

/** Which stretches of time a published table holds, as its COMMENT says. */
export interface IntervalMemory {
  /** Written after they were over. */
  readonly whole: readonly Interval[];
  /** Written while they went on: what came later is yet to be written. */
  readonly open: readonly Interval[];
}

export const noMemory: IntervalMemory = { whole: [], open: [] };

/** Whether the table holds all of the interval. */
export function isWhole({ whole }: IntervalMemory, { start, end }: Interval): boolean {
  return whole.some((stretch) => stretch.start <= start && end <= stretch.end);
}

/** The memory of a table into which further intervals were written by a run of that time. */
export function remember(memory: IntervalMemory, written: readonly Interval[], executionTime: Instant): IntervalMemory {
  const whole = joinIntervals([...memory.whole, ...written.filter(({ end }) => end <= executionTime)]);
  const open = [...memory.open, ...written.filter(({ end }) => end > executionTime)];
  return { whole, open: joinIntervals(open.filter((interval) => !isWhole({ ...memory, whole }, interval))) };
}

/** Intervals that touch or overlap as one, earliest first. */
export function joinIntervals(intervals: readonly Interval[]): Interval[] {
  const joined: Interval[] = [];
  for (const next of intervals.toSorted((a, b) => (a.start < b.start ? -1 : 1))) {
    const last = joined.at(-1);
    if (!last || next.start > last.end) joined.push(next);
    else if (next.end > last.end) joined[joined.length - 1] = { start: last.start, end: next.end };
  }
  return joined;
}

/** Intervals for people: those that follow each other as one. */
export function formatIntervals(intervals: readonly Interval[]): string {
  return joinIntervals(intervals)
    .map(({ start, end }) => `${start} to ${end}`)
    .join(', ');
}
