import type { Warehouse } from '../connections/warehouse.ts';
import { type Instant, type Interval, intervalsIn } from '../manifest/interval.ts';
import type { ModelNode } from '../manifest/manifest.ts';
import { type Drift, findDrift, intervalsOfDrift } from '../plan/interval-drift.ts';
import { type IntervalMemory, isWhole, noMemory } from '../plan/interval-memory.ts';
import { extentOf } from '../plan/intervals.ts';
import { partitionLedger, readPartitions, readPrints } from './interval-record.ts';
import { readLiveVersion } from './live-version.ts';
import { NodeStatements } from './node-statements.ts';

/**
 * `published`: written after it was over. `open`: written, and still going on. `due`: later than all that is published. `missing`: a hole,
 * which others were published after. `drifted`: somebody else changed a partition that it lies in.
 */
export type IntervalState = 'published' | 'open' | 'due' | 'missing' | 'drifted';

export interface IntervalReport {
  /** Every interval from `begin` on, earliest first. */
  readonly intervals: readonly (Interval & { readonly state: IntervalState })[];
  /** Partitions that are not as they were published. */
  readonly drift: readonly Drift[];
  /** The publication that is live; null where none of gccflow's is. */
  readonly publication: string | null;
}

/** What a model that is built by intervals holds of them, by its COMMENT, and what became of its partitions since, by `system.parts`. */
export async function readIntervals(node: ModelNode, warehouse: Warehouse, now: Instant): Promise<IntervalReport> {
  const { batch_size: size } = node.config;
  const extent = extentOf(node.config, now);
  const statements = new NodeStatements({ warehouse, node: node.id });
  const live = (await readLiveVersion(statements, node.relation))?.publication ?? null;
  const isOwn = live?.node === node.id;
  const drift = isOwn ? await readDrift(node, live.publication, statements) : [];
  const memory = (isOwn ? live.intervals : null) ?? noMemory;
  const drifted = { whole: size === null ? [] : drift.flatMap((each) => intervalsOfDrift(each, size)), open: [] };
  const intervals = extent === null || size === null ? [] : intervalsIn(extent, size);
  return {
    intervals: intervals.map((interval) => ({
      ...interval,
      state: isWhole(drifted, interval) ? 'drifted' : stateOf(interval, memory, now),
    })),
    drift,
    publication: isOwn ? live.publication : null,
  };
}

/** The intervals that `--repair` writes: holes, and what drifted. */
export function intervalsToRepair({ intervals }: IntervalReport): Interval[] {
  return intervals.filter(({ state }) => state === 'missing' || state === 'drifted').map(({ start, end }) => ({ start, end }));
}

function stateOf(interval: Interval, memory: IntervalMemory, now: Instant): IntervalState {
  if (isWhole(memory, interval)) return 'published';
  if (interval.end > now && memory.open.some(({ start, end }) => start <= interval.start && interval.end <= end)) return 'open';
  return memory.whole.some(({ end }) => end > interval.start) ? 'missing' : 'due';
}

async function readDrift({ relation, config }: ModelNode, publication: string, statements: NodeStatements): Promise<Drift[]> {
  const known = await statements.query(
    `select 1 from system.tables where database = {database:String} and name = {name:String}`,
    {},
    {
      ...partitionLedger,
    },
  );
  const published = known.length === 0 ? null : await readPartitions(statements, publication);
  if (published === null || config.event_time === null) return [];
  return findDrift(published, await readPrints(statements, relation, config.event_time), config.ttl !== null);
}
