import { GccflowError } from '../foundation/error.ts';
import type { ModelNode, NodeId, SeedNode } from '../manifest/manifest.ts';
import type { Relation } from '../manifest/relation.ts';
import { formatIntervals } from '../plan/interval-memory.ts';
import type { Plan, PlannedBuild, PlannedNode } from '../plan/plan.ts';
import { formatPublication } from '../plan/publication.ts';
import { type BuildContext, buildNode, retireVersions } from './build-node.ts';
import { cancelledResult, isGood, skippedResult } from './node-result.ts';
import { openNodeSignal } from './node-signal.ts';
import { NodeStatements } from './node-statements.ts';
import type { RunDeps } from './run-deps.ts';
import type { IntervalProgress, NodeResult } from './run-result.ts';
import { runTest } from './run-test.ts';
import type { KeptVersions } from './sweep.ts';

/** What the nodes of one run share. */
export interface NodeRun {
  readonly deps: RunDeps;
  readonly plan: Plan;
  readonly kept: KeptVersions;
  /** Throws RUN_LOCKED where this run does not hold its nodes any more. */
  readonly confirm: () => Promise<void>;
  readonly report: (result: NodeResult) => void;
}

/** Runs one node and reports its result, and those of the tests that audit it. False when it failed. Rejects on a bug only. */
export async function runNode(planned: PlannedNode, run: NodeRun): Promise<boolean> {
  switch (planned.kind) {
    case 'build':
      return runBuild(planned, run);
    case 'test':
      return isGood(await runTestNode(planned.node, run, run.deps.signal));
    case 'sync':
      return runSyncNode(planned.node, run);
  }
}

async function runBuild(planned: PlannedBuild, run: NodeRun): Promise<boolean> {
  const { deps, plan, report } = run;
  const node = nodeOf(run, planned.node) as ModelNode | SeedNode;
  using nodeSignal = openNodeSignal(planned, deps.signal);
  const { signal } = nodeSignal;
  const statements = new NodeStatements({
    warehouse: deps.warehouse,
    node: planned.node,
    signal,
    onProgress: (progress) => deps.onEvent?.({ kind: 'progress', node: planned.node, ...progress }),
  });
  const tested = new Map<NodeId, NodeResult>();
  const audit = async (relationOf: (id: NodeId) => Relation | undefined): Promise<readonly NodeId[]> => {
    for (const test of planned.audits) tested.set(test, await runTestNode(test, { ...run, report: () => {} }, signal, relationOf));
    signal.throwIfAborted();
    return [...tested.values()].filter((result) => !isGood(result)).map((result) => result.node);
  };

  const timing = startTiming(planned.node, deps);
  let published = null as Published | null;
  const onPublished = (publicationId: string, rows: number): void => {
    published = { publicationId, rowsWritten: planned.publishes === 'view' ? null : (published?.rowsWritten ?? 0) + rows };
  };
  let intervals = null as IntervalProgress | null;
  const onIntervals = (progress: IntervalProgress): void => {
    intervals = progress;
    const done = progress.published.length + progress.failed.length;
    deps.onEvent?.({ kind: 'intervals', node: planned.node, done, total: done + progress.left.length });
  };
  let outcome: Outcome;
  try {
    if (planned.unchangedSince === null) {
      await buildNode(planned, {
        deps,
        node,
        runId: plan.runId,
        executionTime: plan.executionTime,
        signal,
        statements,
        kept: run.kept,
        confirm: run.confirm,
        audit,
        onPublished,
        onIntervals,
      });
      outcome = { ...done, status: 'success', message: rowsMessage(published, intervals) };
    } else {
      outcome = await checkUnchanged(planned.unchangedSince, audit);
      await retireVersions(planned, { deps, statements, kept: run.kept, runId: plan.runId }, null); // those that a killed run left
    }
  } catch (thrown) {
    outcome = failure(thrown, planned.node, deps, fateOf(published, intervals));
  }
  const result = {
    ...outcome,
    ...published,
    ...(intervals && { intervals }),
    ...timing(),
    statements: statements.ran,
    compiledSql: planned.compiledSql,
  };
  report(result);
  for (const test of planned.audits) {
    report(
      tested.get(test) ?? (result.status === 'cancelled' ? cancelledResult({ node: test }) : skippedResult({ node: test }, planned.node)),
    );
  }
  return isGood(result);
}

type Outcome = Omit<NodeResult, 'node' | 'startedAt' | 'durationMs' | 'statements' | 'compiledSql'>;

interface Published {
  readonly publicationId: string;
  /** null for a view. */
  readonly rowsWritten: number | null;
}

function rowsMessage(published: Published | null, intervals: IntervalProgress | null): string {
  if (intervals !== null) return `${intervals.published.length} intervals: ${formatIntervals(intervals.published)}`;
  const rows = published?.rowsWritten ?? null;
  return rows === null ? 'view' : `${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`;
}

/** What is published already holds what a build would make; its tests run all the same, on the live rows. */
async function checkUnchanged(publicationId: string, audit: BuildContext['audit']): Promise<Outcome> {
  const failed = await audit(() => undefined);
  if (failed.length > 0) {
    const names = failed.map((id) => `'${id}'`).join(', ');
    throw new GccflowError(
      'TEST_FAILED',
      `The rows are unchanged, and ${failed.length === 1 ? 'the test' : 'the tests'} ${names} failed on them.`,
    );
  }
  return { ...done, status: 'unchanged', message: `unchanged since ${formatPublication(publicationId)}`, publicationId };
}

async function runTestNode(
  id: NodeId,
  run: NodeRun,
  signal: AbortSignal,
  relationOf?: (id: NodeId) => Relation | undefined,
): Promise<NodeResult> {
  const { deps, report } = run;
  const node = nodeOf(run, id);
  if (node.kind !== 'test') throw new Error(`'${id}' is no test`);
  const timing = startTiming(id, deps);
  let result: NodeResult;
  try {
    const { storedIn: _, ...outcome } = await runTest(node, {
      manifest: deps.manifest,
      warehouse: deps.warehouse,
      signal,
      ...(relationOf && { relationOf }),
    });
    result = { ...noCost, ...done, ...outcome, ...timing() };
  } catch (thrown) {
    result = { ...noCost, ...failure(thrown, id, deps), ...timing() };
  }
  report(result);
  return result;
}

async function runSyncNode(id: NodeId, run: NodeRun): Promise<boolean> {
  const { deps, plan, report } = run;
  const node = nodeOf(run, id);
  if (node.kind !== 'sync') throw new Error(`'${id}' is no sync`);
  const timing = startTiming(id, deps);
  let result: NodeResult;
  try {
    const { rows, statements, ...outcome } = await deps.runSync(node, { signal: deps.signal, runId: plan.runId });
    const ran = statements.map((cost) => ({ ...cost, sql: null }));
    result = { ...noCost, ...done, status: 'success', rowsWritten: rows, statements: ran, ...outcome, ...timing() };
  } catch (thrown) {
    result = { ...noCost, ...failure(thrown, id, deps), ...timing() };
  }
  report(result);
  return isGood(result);
}

const done = {
  status: 'success',
  rowsWritten: null,
  failures: null,
  error: null,
  skippedBy: null,
  message: '',
  publicationId: null,
  showSql: null,
} as const;
const noCost = { statements: [], compiledSql: null };

/** What readers see of a node that came to no good end; null where nothing of it was published. */
function fateOf(published: Published | null, intervals: IntervalProgress | null): string | null {
  if (published === null) return null;
  return intervals === null ? 'The new rows are published.' : `${formatIntervals(intervals.published)} are published.`;
}

function failure(thrown: unknown, node: NodeId, deps: RunDeps, fate: string | null = null): Outcome {
  const lost = deps.signal.reason instanceof GccflowError ? deps.signal.reason : null;
  if (deps.signal.aborted && lost === null) {
    const seen = fate ?? 'What readers see of it is untouched.';
    const error = new GccflowError('CANCELLED', `The run was stopped before '${node}' finished. ${seen}`, { cause: thrown });
    return { ...done, status: 'cancelled', error, message: error.message };
  }
  const error = lost ?? thrown;
  if (!(error instanceof GccflowError)) throw thrown;
  const message = fate !== null && error.code !== 'INTERVAL_FAILED' ? `${error.message} ${fate}` : error.message;
  return { ...done, status: 'error', error, message };
}

function startTiming(node: NodeId, { clock, onEvent }: RunDeps): () => Pick<NodeResult, 'node' | 'startedAt' | 'durationMs'> {
  const startedAt = clock.now();
  const begun = performance.now();
  onEvent?.({ kind: 'started', node, at: startedAt });
  return () => ({ node, startedAt, durationMs: performance.now() - begun });
}

function nodeOf({ deps }: NodeRun, id: NodeId) {
  const node = deps.manifest.nodes.get(id);
  if (!node) throw new Error(`the manifest has no node '${id}'`);
  return node;
}
