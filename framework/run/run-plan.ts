import { quoteName } from '../foundation/quote.ts';
import type { Manifest, NodeId } from '../manifest/manifest.ts';
import type { Plan, PlannedBuild, PlannedNode } from '../plan/plan.ts';
import { relationKey } from '../plan/warehouse-state.ts';
import { openPartitionLedger } from './interval-record.ts';
import { type Claim, type HeldLease, type LeaseRequest, takeLease } from './lease.ts';
import { createLedger, repairLedger } from './ledger.ts';
import { cancelledResult, isGood, skippedResult, staleResult } from './node-result.ts';
import type { RunDeps } from './run-deps.ts';
import { runGraph } from './run-graph.ts';
import { type NodeRun, runNode } from './run-node.ts';
import type { NodeResult, RunResult } from './run-result.ts';
import { createStagingDatabase } from './staging-tables.ts';
import { nodesBelow } from './stale-nodes.ts';
import { type KeptVersions, sweep } from './sweep.ts';

/**
 * Runs a plan: `threads` nodes at once, each the moment those it waits for are done, the longest way first. A failed node skips what is
 * below it. An abort starts nothing more, ends the running statements on the server and gives back what happened so far.
 * Throws RUN_LOCKED when another run holds a node of this one; nothing has run then.
 */
export async function runPlan(plan: Plan, deps: RunDeps): Promise<RunResult> {
  const startedAt = deps.clock.now();
  const begun = performance.now();
  const results: NodeResult[] = [];
  const report = (result: NodeResult): void => {
    results.push(result);
    deps.onEvent?.({ kind: 'finished', result });
  };

  await using preparation = await prepare(plan, deps);
  const nodes = preparation.plan.nodes;
  if (preparation.kept === null) for (const planned of nodes) report(cancelledResult(planned));
  else {
    const { kept, confirm, lost } = preparation;
    const running = { ...deps, signal: AbortSignal.any([deps.signal, lost]) };
    await runNodes(nodes, { deps: running, plan: preparation.plan, kept, confirm, report });
  }

  return {
    runId: plan.runId,
    command: plan.command,
    status: statusOf(results, deps.signal),
    startedAt,
    durationMs: performance.now() - begun,
    nodes: results,
  };
}

async function runNodes(nodes: readonly PlannedNode[], run: NodeRun): Promise<void> {
  const { deps, report } = run;
  let failed: NodeId | null = null;
  const left = await runGraph(skipStale(nodes, run), {
    threads: deps.threads,
    run: async (planned) => {
      const succeeded = await runNode(planned, run);
      if (!succeeded) failed ??= planned.node;
      return succeeded;
    },
    skip: (planned, by) => report(deps.signal.aborted ? cancelledResult(planned) : skippedResult(planned, by)),
    mayStart: () => !deps.signal.aborted && !(deps.failFast && failed !== null),
  });
  for (const planned of left) {
    report(deps.signal.aborted || failed === null ? cancelledResult(planned) : skippedResult(planned, failed));
  }
}

/** Reports what is made of a stale source, with its audits, as skipped; gives back the rest, which waits for none of it. */
function skipStale(nodes: readonly PlannedNode[], { deps: { stale = new Map(), manifest }, report }: NodeRun): readonly PlannedNode[] {
  const below = nodesBelow(stale, manifest);
  return nodes.filter((planned) => {
    const source = below.get(planned.node);
    if (source === undefined) return true;
    const audits = planned.kind === 'build' ? planned.audits.map((node) => ({ node })) : [];
    for (const skipped of [planned, ...audits]) report(staleResult(skipped, source, stale.get(source) ?? ''));
    return false;
  });
}

interface Preparation extends AsyncDisposable {
  /** The plan that holds now: a new one where the lock had to be waited for. */
  readonly plan: Plan;
  /** null when the run was stopped before it began. */
  readonly kept: KeptVersions | null;
  /** Aborts when others may write the nodes. */
  readonly lost: AbortSignal;
  readonly confirm: HeldLease['confirm'];
}

/** Takes the lease, sweeps, and brings the ledger in line with the live tables. A run that publishes nothing needs none of it. */
async function prepare(plan: Plan, deps: RunDeps): Promise<Preparation> {
  const { warehouse, clock, signal } = deps;
  const claims = plan.nodes.flatMap((planned) => claimOf(planned, deps.manifest));
  const unheld = { plan, lost: new AbortController().signal, confirm: async () => {}, [Symbol.asyncDispose]: async () => {} };
  if (claims.length === 0) return { ...unheld, kept: new Map() };

  await using preparing = new AsyncDisposableStack();
  await createStagingDatabase(warehouse);
  const lease = await takeLeaseUnlessAborted(plan, claims, deps);
  if (lease === null) return { ...unheld, kept: null };
  preparing.use(lease);
  const current = lease.waited ? await deps.replan() : plan;
  const builds = current.nodes.filter((planned) => planned.kind === 'build');
  const kept = await sweep(
    builds.map(({ relation }) => relation),
    deps,
  );
  await createLedger(warehouse);
  if (builds.some(({ intervals }) => intervals !== null)) await openPartitionLedger(warehouse);
  await repairLedger(warehouse, builds.flatMap(liveEntry), clock.now());
  await createDatabases(builds, deps);
  const held = preparing.move();
  const { lost, confirm } = lease;
  return { plan: current, kept: signal.aborted ? null : kept, lost, confirm, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** A build claims its relation, a sync its name within the project's target. Tests write nothing that others read. */
function claimOf(planned: PlannedNode, { projectName, target }: Manifest): Claim[] {
  const { kind, node } = planned;
  if (kind === 'test') return [];
  return [{ node, key: kind === 'build' ? relationKey(planned.relation) : JSON.stringify([projectName, target, node]) }];
}

async function takeLeaseUnlessAborted(plan: Plan, claims: readonly Claim[], deps: RunDeps): Promise<HeldLease | null> {
  const request: LeaseRequest = {
    run: plan.runId,
    command: plan.command,
    claims,
    waitMs: deps.waitLockMs,
    onWait: (holder) => deps.onEvent?.({ kind: 'waiting', holder }),
  };
  try {
    return await takeLease(request, deps);
  } catch (thrown) {
    if (deps.signal.aborted) return null;
    throw thrown;
  }
}

function liveEntry({ relation, replaces }: PlannedBuild) {
  return replaces?.publication ? [{ relation, comment: replaces.publication }] : [];
}

async function createDatabases(builds: readonly PlannedBuild[], { warehouse }: RunDeps): Promise<void> {
  for (const database of new Set(builds.map(({ relation }) => relation.database))) {
    await warehouse.execute(`create database if not exists ${quoteName(database, 'clickhouse')} engine = Atomic`);
  }
}

function statusOf(results: readonly NodeResult[], signal: AbortSignal): RunResult['status'] {
  if (signal.aborted && results.some(({ status }) => status === 'cancelled')) return 'cancelled';
  return results.every(isGood) ? 'success' : 'error';
}
