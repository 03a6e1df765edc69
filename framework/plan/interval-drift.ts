import { floorTo, type Instant, type Interval, intervalsIn, shiftBy } from '../manifest/interval.ts';
import type { BatchSize } from '../project/model-config.ts';
import { isWhole, joinIntervals } from './interval-memory.ts';

/** A partition as `system.parts` shows it. */
export interface PartitionPrint {
  readonly partition: string;
  readonly rows: number;
  /**
   * The highest block and mutation of its parts. Inserts, deletes and partition commands change it, merges do not. A mutation changes it
   * in every partition of the table, also in those it touches no row of.
   */
  readonly writes: string;
  /** A hash of its parts' files. Merges change it; a mutation does where it touched a row. */
  readonly content: string;
  /** The event times of its first and its last row. */
  readonly first: Instant;
  readonly last: Instant;
}

/** A partition that is not as it was published. */
export interface Drift {
  readonly partition: string;
  readonly kind: 'dropped' | 'added' | 'altered';
  readonly rowsPublished: number;
  readonly rows: number;
  /** From the first to the last event time that it has or had. */
  readonly first: Instant;
  readonly last: Instant;
}

/** What a publication recorded of its table. */
export interface PartitionRecord {
  readonly partitions: readonly PartitionPrint[];
  /** What had drifted in the table before, and was not written anew. */
  readonly drift: readonly Drift[];
}

/**
 * Partitions in which somebody but gccflow and merges changed something since the publication, and those that had drifted before.
 * `expires`: the table has a TTL, so that a partition may be gone by itself.
 */
export function findDrift({ partitions, drift }: PartitionRecord, now: readonly PartitionPrint[], expires: boolean): Drift[] {
  const before = new Map(partitions.map((print) => [print.partition, print]));
  const after = new Map(now.map((print) => [print.partition, print]));
  const carried = new Map(drift.map((each) => [each.partition, each]));
  const names = [...new Set([...before.keys(), ...after.keys(), ...carried.keys()])].sort();
  return names.flatMap((partition) => {
    const [was, is, earlier] = [before.get(partition), after.get(partition), carried.get(partition)];
    const ranges = [...(isChanged(was, is, expires) ? [was, is] : []), earlier].filter((range) => range !== undefined);
    return ranges.length === 0 ? [] : [driftOf(partition, earlier?.rowsPublished ?? was?.rows ?? 0, is?.rows ?? 0, ranges)];
  });
}

function isChanged(was: PartitionPrint | undefined, is: PartitionPrint | undefined, expires: boolean): boolean {
  if (!was) return is !== undefined;
  if (!is) return !expires;
  return was.writes !== is.writes && was.content !== is.content;
}

type Range = Pick<Drift, 'first' | 'last'>;

function driftOf(partition: string, rowsPublished: number, rows: number, ranges: readonly Range[]): Drift {
  const kind = rows === 0 ? 'dropped' : rowsPublished === 0 ? 'added' : 'altered';
  const [first = ''] = ranges.map((range) => range.first).toSorted();
  const [last = first] = ranges
    .map((range) => range.last)
    .toSorted()
    .toReversed();
  return { partition, kind, rowsPublished, rows, first, last };
}

/** The intervals that a partition's rows belong or belonged to. */
export function intervalsOfDrift({ first, last }: Drift, size: BatchSize): Interval[] {
  return intervalsIn({ start: first, end: shiftBy(floorTo(last, size), size, 1) }, size);
}

/** What is left of drift after intervals were written anew: what somebody did to a table is not forgotten because a run went by. */
export function carryDrift(drift: readonly Drift[], written: readonly Interval[], size: BatchSize): Drift[] {
  const memory = { whole: joinIntervals(written), open: [] };
  return drift.flatMap((each) => {
    const left = intervalsOfDrift(each, size).filter((interval) => !isWhole(memory, interval));
    const [first, last] = [left[0], left.at(-1)];
    if (!first || !last) return [];
    const [, begins = each.first] = [each.first, first.start].toSorted();
    return [{ ...each, first: begins, last: last.end > each.last ? each.last : last.start }];
  });
}
