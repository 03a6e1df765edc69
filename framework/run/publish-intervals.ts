import { GccflowError } from '../foundation/error.ts';
import { quoteText } from '../foundation/quote.ts';
import type { Interval } from '../manifest/interval.ts';
import { relationSql } from '../manifest/relation.ts';
import { carryDrift, type Drift, findDrift } from '../plan/interval-drift.ts';
import { formatIntervals, noMemory, remember } from '../plan/interval-memory.ts';
import type { PlannedBuild } from '../plan/plan.ts';
import { formatComment, parseComment } from '../plan/publication.ts';
import type { BuildContext } from './build-node.ts';
import { readPartitions, readPrints, writePartitions } from './interval-record.ts';
import type { IntervalFailure, IntervalsDone } from './interval-step.ts';
import type { LiveVersion } from './live-version.ts';
import type { IntervalProgress } from './run-result.ts';

/**
 * Publishes the intervals of a node piece by piece, earliest first. One that fails is left as it was and the others go out; where a whole piece
 * fails, what follows would too. Throws INTERVAL_FAILED at the end; what was published stays.
 */
export async function publishIntervals(
  planned: PlannedBuild,
  context: BuildContext,
  publish: (piece: PlannedBuild) => Promise<IntervalsDone>,
): Promise<void> {
  const pieces = [planned, ...planned.later.map((later) => ({ ...planned, ...later }))];
  const all = pieces.flatMap(({ intervals }) => intervals ?? []);
  const published: Interval[] = [];
  const failures: IntervalFailure[] = [];
  const progress = (): IntervalProgress => {
    const failed = failures.map(({ interval }) => interval);
    const seen = new Set([...published, ...failed].map(({ start }) => start));
    return { published, failed, left: all.filter(({ start }) => !seen.has(start)) };
  };
  context.onIntervals(progress());
  for (const piece of pieces) {
    const { written, failed } = await publish(piece);
    published.push(...written);
    failures.push(...failed);
    context.onIntervals(progress());
    if (failed.length > 0 && (written.length === 0 || context.deps.failFast)) break;
  }
  const [first] = failures;
  if (first) throw intervalsFailed(planned, progress(), first);
}

/** Writes into the stage's COMMENT which intervals it holds: those of the table it was cloned from, and those written into it. */
export async function rememberIntervals(
  { stage, comment }: PlannedBuild,
  { written }: IntervalsDone,
  clonedFrom: LiveVersion | null,
  { statements, executionTime }: BuildContext,
): Promise<void> {
  const planned = parseComment(comment);
  if (!planned) return;
  const intervals = remember(clonedFrom?.publication?.intervals ?? noMemory, written, executionTime);
  const text = quoteText(formatComment({ ...planned, intervals }), 'clickhouse');
  await statements.execute(`alter table ${relationSql(stage)} modify comment ${text}`);
}

/** Records what the partitions of the stage look like, so that `gccflow intervals` can tell later whether somebody else changed them. */
export async function recordPartitions(
  { publicationId, node, relation, stage }: PlannedBuild,
  { written }: IntervalsDone,
  drift: readonly Drift[],
  context: BuildContext,
): Promise<void> {
  const { statements, runId, deps } = context;
  const { event_time: eventTime, batch_size: size } = context.node.config;
  if (eventTime === null || size === null) return;
  const partitions = await readPrints(statements, stage, eventTime);
  await writePartitions(statements, {
    publication: publicationId,
    node,
    relation,
    run: runId,
    recordedAt: deps.clock.now(),
    written,
    partitions,
    drift: carryDrift(drift, written, size),
  });
}

/** What somebody changed in the live table since it was published, by its own record. */
export async function readDrift({ relation }: PlannedBuild, live: LiveVersion | null, { node, statements }: BuildContext) {
  const { event_time: eventTime, ttl } = node.config;
  if (eventTime === null || !live?.publication) return [];
  const published = await readPartitions(statements, live.publication.publication);
  return published === null ? [] : findDrift(published, await readPrints(statements, relation, eventTime), ttl !== null);
}

function intervalsFailed({ node }: PlannedBuild, { published, failed, left }: IntervalProgress, first: IntervalFailure): GccflowError {
  const count = published.length + failed.length + left.length;
  const others = [
    published.length === 0 ? 'None is published.' : `Published: ${formatIntervals(published)}.`,
    ...(left.length === 0 ? [] : [`Not come to: ${formatIntervals(left)}.`]),
  ];
  return new GccflowError(
    'INTERVAL_FAILED',
    `${failed.length} of the ${count} intervals of '${node}' failed, and are as they were: ${formatIntervals(failed)}. ${others.join(' ')} ${formatIntervals([first.interval])}: ${first.error.message}`,
    {
      at: first.error.at,
      hint: first.error.hint ?? 'The next run does those that are missing, and no others but those it looks back on.',
      cause: first.error.cause,
    },
  );
}
