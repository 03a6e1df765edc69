import { floorTo, type Instant, type Interval, intervalsIn, shiftBy } from '../manifest/interval.ts';
import type { BatchSize } from '../project/model-config.ts';
import { isWhole } from './interval-memory.ts';

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

/** Partitions in which somebody but gccflow and merges changed something since the publication. */
export function findDrift(published: readonly PartitionPrint[], now: readonly PartitionPrint[]): Drift[] {
  const before = new Map(published.map((print) => [print.partition, print]));
  const after = new Map(now.map((print) => [print.partition, print]));
  const partitions = [...new Set([...before.keys(), ...after.keys()])].sort();
  return partitions.flatMap((partition) => compare(before.get(partition), after.get(partition)));
}

function compare(before: PartitionPrint | undefined, after: PartitionPrint | undefined): Drift[] {
  const some = before ?? after;
  if (!some || (before && after && (before.writes === after.writes || before.content === after.content))) return [];
  const [rowsPublished, rows] = [before?.rows ?? 0, after?.rows ?? 0];
  const kind = rows === 0 ? 'dropped' : rowsPublished === 0 ? 'added' : 'altered';
  const times = [before, after].filter((print) => print !== undefined).flatMap(({ first, last }) => [first, last]);
  const [first = some.first, last = some.last] = [times.toSorted()[0], times.toSorted().at(-1)];
  return [{ partition: some.partition, kind, rowsPublished, rows, first, last }];
}

/** The intervals that a partition's rows belong or belonged to. */
export function intervalsOfDrift({ first, last }: Drift, size: BatchSize): Interval[] {
  return intervalsIn({ start: first, end: shiftBy(floorTo(last, size), size, 1) }, size);
}

/**
 * What to record of a new publication: its partitions, and those of the one before that had drifted as drifted still, unless all of their intervals
 * were written anew. What somebody did to a table is not forgotten because a run went by.
 */
export function carryDrift(
  stage: readonly PartitionPrint[],
  drift: readonly Drift[],
  written: readonly Interval[],
  size: BatchSize,
): PartitionPrint[] {
  const memory = { whole: written, open: [] };
  const left = drift.filter((each) => !intervalsOfDrift(each, size).every((interval) => isWhole(memory, interval)));
  const marks = left.map(({ partition, rowsPublished, first, last }) => {
    return { partition, rows: rowsPublished, writes: '', content: '', first, last };
  });
  const marked = new Set(marks.map(({ partition }) => partition));
  return [...stage.filter(({ partition }) => !marked.has(partition)), ...marks];
}
