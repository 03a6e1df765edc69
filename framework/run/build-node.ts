import type { StatementCost } from '../connections/warehouse.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteText } from '../foundation/quote.ts';
import type { Instant } from '../manifest/interval.ts';
import type { ModelNode, NodeId, SeedNode } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import type { PlannedBuild } from '../plan/plan.ts';
import { formatComment, parseComment, stagingPrefix, stagingRelation } from '../plan/publication.ts';
import { holdContract } from './hold-contract.ts';
import { applyGrants, runHooks } from './hooks.ts';
import type { IntervalsDone } from './interval-step.ts';
import { writeLedger } from './ledger.ts';
import { type LiveVersion, readFence, readLiveVersion } from './live-version.ts';
import { NodeStatements } from './node-statements.ts';
import { publishIntervals, readDrift, recordPartitions, rememberIntervals } from './publish-intervals.ts';
import { publishStage } from './publish-stage.ts';
import { withRetries } from './retry.ts';
import type { RunDeps } from './run-deps.ts';
import type { IntervalProgress } from './run-result.ts';
import { runSteps, type StepDeps } from './run-steps.ts';
import { dropOwn, dropUsed } from './staging-tables.ts';
import type { KeptVersions } from './sweep.ts';

export interface BuildContext {
  readonly deps: RunDeps;
  readonly node: ModelNode | SeedNode;
  readonly runId: string;
  /** What `now` is to the run. */
  readonly executionTime: Instant;
  /** Aborts with the run, or when the node's time is over. */
  readonly signal: AbortSignal;
  readonly statements: NodeStatements;
  readonly kept: KeptVersions;
  /** Throws RUN_LOCKED where this run does not hold the node any more. */
  readonly confirm: () => Promise<void>;
  /** Runs the node's tests on what it would publish; gives back those that failed with severity error. */
  readonly audit: (relationOf: (id: NodeId) => Relation | undefined) => Promise<readonly NodeId[]>;
  /** Told of the exchange: whatever fails after it, readers see the new rows. */
  readonly onPublished: (publicationId: string, rows: number) => void;
  /** Told how far a node that is built by intervals has come. */
  readonly onIntervals: (progress: IntervalProgress) => void;
}

/**
 * Writes, audits and publishes one node: stage, steps, tests, fence, exchange, ledger. Whatever fails before the exchange leaves the live
 * relation untouched and no stage behind, except the stage of a failed test, which is held for a look.
 */
export async function buildNode(planned: PlannedBuild, context: BuildContext): Promise<void> {
  await runHooks('pre_hook', planned, context);
  if (planned.intervals === null) await publish(planned, context);
  else await publishIntervals(planned, context, (piece) => publish(piece, context));
  await runHooks('post_hook', planned, context);
}

/** Publishes once, and gives back what was written; nothing is published where all intervals failed. */
async function publish(planned: PlannedBuild, context: BuildContext): Promise<IntervalsDone> {
  const { deps, statements, signal } = context;
  const startedAt = deps.clock.now();
  const earlier = statements.ran.length;
  let last: IntervalsDone = { rows: 0, written: [], failed: [] };
  const keep = (done: IntervalsDone): void => {
    last = done;
  };
  const { replaced, isPublished } = await withRetries((attempt) => publishOnce(planned, { ...context, keep }, attempt), {
    policy: deps.retry,
    signal,
    onRetry: ({ attempt, delayMs, thrown }) => {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      deps.log.warn({ node: planned.node, attempt, reason }, 'node tried again');
      deps.onEvent?.({ kind: 'retrying', node: planned.node, attempt, delayMs, reason });
    },
  });
  if (!isPublished) return last;
  context.onPublished(planned.publicationId, last.rows);
  await record(planned, context, { rows: last.rows, startedAt, costs: statements.ran.slice(earlier) });
  await retireVersions(planned, context, replaced);
  await applyGrants(planned, context);
  deps.log.debug({ node: planned.node, publication: planned.publicationId, statements: statements.ran.length }, 'node published');
  return last;
}

interface Publishing extends BuildContext {
  /** Told what was written, before it is published. */
  readonly keep: (done: IntervalsDone) => void;
}

interface Published {
  readonly replaced: LiveVersion | null;
  readonly isPublished: boolean;
}

/** How often a stage is made again because somebody else wrote to the live table. */
const maxRebases = 2;

async function publishOnce(planned: PlannedBuild, context: Publishing, attempt: number): Promise<Published> {
  const { statements } = context;
  if (attempt > 1 && (await isLive(planned, statements))) {
    return { replaced: await readLiveVersion(statements, planned.stage), isPublished: true }; // the answer to the exchange was lost
  }
  try {
    for (let rebases = 0; rebases <= maxRebases; rebases += 1) {
      if (attempt > 1 || rebases > 0) await dropStage(planned, statements);
      const clonedFrom = planned.build.mode === 'incremental' ? await readClonedVersion(planned, statements) : null;
      const drift = planned.intervals === null ? [] : await readDrift(planned, clonedFrom, context);
      const done = await runSteps(planned.build.steps, stepDepsOf(context));
      context.keep(done);
      if (done.failed.length > 0 && done.written.length === 0) {
        await dropStage(planned, statements);
        return { replaced: null, isPublished: false };
      }
      await dropOwn(statements, ...planned.build.scratch);
      if (planned.intervals !== null) await rememberIntervals(planned, done, clonedFrom, context);
      await auditStage(planned, context);
      if (planned.intervals !== null) await recordPartitions(planned, done, drift, context);
      await context.confirm();
      await runSteps(planned.build.commit ?? [], stepDepsOf(context));
      const outcome = await publishStage(planned, clonedFrom, statements);
      if (outcome.kind === 'published') return { replaced: outcome.replaced, isPublished: true };
      context.deps.log.warn({ node: planned.node, rebases }, 'live table was written to by others');
    }
    throw fenceBroken(planned);
  } catch (thrown) {
    if (!isHeld(thrown)) await cleanUp(planned, context);
    throw thrown;
  }
}

function stepDepsOf({ deps, node, statements, signal }: BuildContext): StepDeps {
  return { node, statements, signal, projectDir: deps.manifest.projectDir, threads: deps.threads, retry: deps.retry, log: deps.log };
}

async function isLive({ relation, publicationId }: PlannedBuild, statements: NodeStatements): Promise<boolean> {
  return (await readLiveVersion(statements, relation))?.publication?.publication === publicationId;
}

async function readClonedVersion(planned: PlannedBuild, statements: NodeStatements): Promise<LiveVersion> {
  const live = await readFence(statements, planned.relation);
  if (live === null) throw fenceBroken(planned);
  return live;
}

/** Holds the stage against its contract, then runs its tests. Throws CONTRACT_BROKEN and TEST_FAILED, and then holds the stage for a look. */
async function auditStage(planned: PlannedBuild, context: BuildContext): Promise<void> {
  const { audit, statements, node } = context;
  try {
    if (node.kind === 'model') await holdContract(node, planned.stage, statements);
  } catch (thrown) {
    if (isHeld(thrown)) await holdStage(planned, statements);
    throw thrown;
  }
  if (planned.audits.length === 0) return;
  const failed = await audit((id) => (id === planned.node ? planned.stage : undefined));
  if (failed.length === 0) return;
  await holdStage(planned, statements);
  throw new GccflowError(
    'TEST_FAILED',
    `${failed.length === 1 ? `The test '${failed[0]}'` : `${failed.length} tests`} failed on the new rows, so they were not published; the old relation is untouched.`,
    { hint: `The new rows are in ${relationSql(planned.stage)} until the next build of the node.` },
  );
}

/** Keeps the stage until the next build of the node. */
async function holdStage(planned: PlannedBuild, statements: NodeStatements): Promise<void> {
  const comment = parseComment(planned.comment);
  if (!comment) return;
  const held = quoteText(formatComment({ ...comment, state: 'held' }), 'clickhouse');
  await statements.execute(`alter table ${relationSql(planned.stage)} modify comment ${held}`);
}

/** Whether the new rows were found wanting, and are kept for a look. */
function isHeld(thrown: unknown): boolean {
  return thrown instanceof GccflowError && (thrown.code === 'TEST_FAILED' || thrown.code === 'CONTRACT_BROKEN');
}

/** Drops the stage and its scratch tables; never the version that an exchange put under the stage's name. */
async function dropStage(planned: PlannedBuild, statements: NodeStatements): Promise<void> {
  await dropOwn(statements, ...planned.build.scratch);
  const stage = await readLiveVersion(statements, planned.stage);
  if (stage?.publication?.publication === planned.publicationId) await dropOwn(statements, planned.stage);
  const { companions = [] } = planned.build;
  if (companions.length === 0 || (await isLive(planned, statements))) return;
  for (const companion of companions) await dropUsed(statements, companion);
}

/** After a failure or an abort, so not under the node's signal. What cannot be dropped now is swept by the next run. */
async function cleanUp(planned: PlannedBuild, { deps }: BuildContext): Promise<void> {
  try {
    await dropStage(planned, new NodeStatements({ warehouse: deps.warehouse, node: planned.node }));
  } catch (thrown) {
    deps.log.warn({ node: planned.node, err: thrown }, 'stage not dropped');
  }
}

interface Recorded {
  readonly rows: number;
  readonly startedAt: Date;
  readonly costs: readonly StatementCost[];
}

/** A ledger that cannot be written now is repaired from the live table's comment by the next run. */
async function record(planned: PlannedBuild, { deps, runId }: BuildContext, { rows, ...what }: Recorded): Promise<void> {
  const entry = {
    publication: planned.publicationId,
    node: planned.node,
    relation: planned.relation,
    run: runId,
    event: 'published' as const,
    mode: planned.build.mode,
    fingerprint: planned.fingerprint,
    ...what,
    publishedAt: deps.clock.now(),
    rowsWritten: rows,
  };
  try {
    await writeLedger(new NodeStatements({ warehouse: deps.warehouse, node: planned.node }), [entry]);
  } catch (thrown) {
    deps.log.warn({ node: planned.node, err: thrown }, 'ledger not written');
  }
}

/** Drops the previous versions beyond those to keep; one that cannot be dropped now goes at the node's next publication. */
export async function retireVersions(planned: PlannedBuild, context: Retiring, replaced: LiveVersion | null): Promise<void> {
  if (replaced?.publication?.run === context.runId) return dropVersions([planned.stage], planned, context); // a piece of this very run
  const known = context.kept.get(stagingPrefix(planned.relation)) ?? [];
  const versions = replaced?.publication ? [planned.stage, ...known] : known;
  await dropVersions(versions.slice(planned.retain), planned, context);
  await stopFeeding(planned, context, replaced);
}

/** The view that fed what was replaced feeds nobody any more. Its table is swept by a later run, when no insert can be at it. */
async function stopFeeding(planned: PlannedBuild, context: Retiring, replaced: LiveVersion | null): Promise<void> {
  const before = replaced?.publication?.companions;
  if (before === undefined || planned.retain > 0 || before === parseComment(planned.comment)?.companions) return;
  await dropVersions([stagingRelation(planned.relation, before, 'trigger')], planned, context);
}

type Retiring = Pick<BuildContext, 'deps' | 'statements' | 'kept' | 'runId'>;

async function dropVersions(versions: readonly Relation[], planned: PlannedBuild, context: Retiring): Promise<void> {
  for (const version of versions) {
    try {
      await dropOwn(context.statements, version);
    } catch (thrown) {
      context.deps.log.warn({ node: planned.node, table: version.name, err: thrown }, 'previous version not dropped');
    }
  }
}

function fenceBroken({ node, relation }: PlannedBuild): GccflowError {
  return new GccflowError(
    'FENCE_BROKEN',
    `Somebody else kept writing to ${relationSql(relation)} while the next version of '${node}' was built ${maxRebases + 1} times. Their rows are there; the model's new rows are not published.`,
    { hint: 'Let only gccflow write to the relations it publishes, or run when the other writer rests.' },
  );
}
