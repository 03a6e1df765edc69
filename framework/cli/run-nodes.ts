import { join } from 'node:path';
import type { Instant } from '../manifest/interval.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { findUnselected } from '../plan/defer-refs.ts';
import type { Plan } from '../plan/plan.ts';
import { isGood } from '../run/node-result.ts';
import { readExisting } from '../run/read-existing.ts';
import { defaultRetry } from '../run/run-deps.ts';
import { runPlan } from '../run/run-plan.ts';
import type { NodeResult, RunResult } from '../run/run-result.ts';
import type { StaleSources } from '../run/stale-nodes.ts';
import { writeArtifacts } from '../run/write-artifacts.ts';
import type { CommandContext, Values } from './command.ts';
import { deferUnselected } from './defer.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { findStale } from './find-stale.ts';
import { type Connections, openConnections } from './open-connections.ts';
import { type NodesRequest, openPlanner } from './open-planner.ts';
import { type OpenProject, parseVars } from './open-project.ts';
import type { EverywhereOptions, RunOptions } from './options.ts';
import { parseWaitLock } from './parse-wait-lock.ts';
import { printRun } from './print-run.ts';
import { openProgress } from './progress.ts';
import { readVersion } from './read-version.ts';
import { runSyncWith } from './run-sync-with.ts';

/**
 * Plans and runs nodes, shows the progress, writes the artifacts and prints the outcome. The whole of build, run, seed, test and sync.
 * `before`: what the command has run already.
 */
export async function runNodes(
  opened: OpenProject,
  request: NodesRequest,
  values: Values<RunOptions & EverywhereOptions>,
  context: CommandContext,
  before: readonly NodeResult[] = [],
): Promise<ExitCode> {
  const { project, manifest } = opened;
  const threads = values.threads ?? project.target.threads;
  const waitLockMs = parseWaitLock(values['wait-lock']);
  const withSyncs = runsSyncs(opened, request);
  await using connections = await openConnections(project, { ...context, threads, waitLockMs, withSyncs });
  const stale = request.requireFresh ? await findStale(opened, request, { warehouse: connections.warehouse, threads, context }) : new Map();
  const deferred = await deferUnselected(opened, findUnselected(manifest, request.nodes), values, context, (relations) =>
    readExisting(relations, connections.warehouse),
  );
  const planAgain = await openPlanner(deferred, request, connections.warehouse, context.clock);
  const plan = await planAgain();

  const ran = await runWithProgress(plan, deferred, { connections, values, context, threads, waitLockMs, stale, replan: planAgain });
  return finishRun(
    joinResults(before, ran),
    { opened, shown: deferred.manifest, request, executionTime: plan.executionTime },
    values,
    context,
  );
}

interface FinishedRun {
  readonly opened: OpenProject;
  /** The graph as it ran. */
  readonly shown: Manifest;
  readonly request: NodesRequest;
  readonly executionTime: Instant;
}

/** Prints the outcome of a run and writes its artifacts. */
export async function finishRun(
  result: RunResult,
  { opened: { project, manifest }, shown, request, executionTime }: FinishedRun,
  values: Values<RunOptions & EverywhereOptions>,
  context: CommandContext,
): Promise<ExitCode> {
  printRun(result, { context, manifest: shown, json: values.json === true, logFormat: values['log-format'] ?? 'text' });
  await writeArtifacts(result, manifest, {
    targetDir: join(project.dir, 'target'),
    args: await artifactArgs(values, request, executionTime),
    version: readVersion(),
    redact: (text) => context.secrets.redact(text),
  });
  return result.status === 'success' ? exitCode.ok : exitCode.failed;
}

/** A run with what went before it. */
function joinResults(before: readonly NodeResult[], result: RunResult): RunResult {
  const [first] = before;
  if (!first) return result;
  const startedAt = first.startedAt ?? result.startedAt;
  const durationMs = result.startedAt.getTime() + result.durationMs - startedAt.getTime();
  const status = result.status === 'success' && !before.every(isGood) ? 'error' : result.status;
  return { ...result, status, startedAt, durationMs, nodes: [...before, ...result.nodes] };
}

function runsSyncs({ manifest }: OpenProject, { command, nodes }: NodesRequest): boolean {
  return (command === 'build' || command === 'sync') && nodes.some((id) => manifest.nodes.get(id)?.kind === 'sync');
}

interface Running {
  readonly connections: Connections;
  readonly values: Values<RunOptions & EverywhereOptions>;
  readonly context: CommandContext;
  readonly threads: number;
  readonly waitLockMs: number;
  readonly stale: StaleSources;
  readonly replan: () => Promise<Plan>;
}

async function runWithProgress(plan: Plan, { manifest }: OpenProject, running: Running): Promise<RunResult> {
  const { connections, values, context, threads, waitLockMs, stale, replan } = running;
  const total = plan.nodes.reduce((sum, planned) => sum + 1 + (planned.kind === 'build' ? planned.audits.length : 0), 0);
  using progress = await openProgress({ ...context, total, format: values['log-format'] ?? 'text' });
  return await runPlan(plan, {
    manifest,
    warehouse: connections.warehouse,
    runSync: runSyncWith(manifest, connections, context, progress.onEvent),
    replan,
    stale,
    log: context.log,
    clock: context.clock,
    signal: context.signal,
    threads,
    failFast: values['fail-fast'] === true,
    waitLockMs,
    retry: defaultRetry,
    onEvent: progress.onEvent,
  });
}

/** The flags that were given, by dbt's names; vars as a map, so that those that sound like secrets can be masked. */
async function artifactArgs(
  values: Values<RunOptions & EverywhereOptions>,
  { fullRefresh, requireFresh = false, asked }: NodesRequest,
  executionTime: Instant,
): Promise<Record<string, unknown>> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0));
  const args = Object.fromEntries(given.map(([name, value]) => [name.replaceAll('-', '_'), value]));
  return {
    ...args,
    vars: await parseVars(values.vars),
    full_refresh: fullRefresh,
    require_fresh: requireFresh,
    ...asked,
    execution_time: executionTime,
  };
}
