import { runOffline } from '../check/unit-tests/run-offline.ts';
import type { UnitTestResult } from '../check/unit-tests/unit-test-result.ts';
import { GccflowError } from '../foundation/error.ts';
import { formatLocation } from '../foundation/location.ts';
import { instantOf } from '../manifest/interval.ts';
import type { UnitTestNode } from '../manifest/manifest.ts';
import { newId } from '../run/new-id.ts';
import { cancelledResult, isGood } from '../run/node-result.ts';
import type { NodeResult, RunResult } from '../run/run-result.ts';
import type { CommandContext, Values } from './command.ts';
import type { ExitCode } from './exit-code.ts';
import type { NodesRequest } from './open-planner.ts';
import type { OpenProject } from './open-project.ts';
import type { EverywhereOptions, RunOptions } from './options.ts';
import { finishRun, runNodes } from './run-nodes.ts';

/** Runs the unit tests among the nodes, in an engine of their own, then the other tests on the warehouse; it is not opened where there are none. */
export async function runTests(
  opened: OpenProject,
  request: NodesRequest,
  values: Values<RunOptions & EverywhereOptions>,
  context: CommandContext,
): Promise<ExitCode> {
  const nodes = request.nodes.flatMap((id) => opened.manifest.nodes.get(id) ?? []);
  const unitTests = nodes.filter((node) => node.kind === 'unit_test');
  if (unitTests.length === 0) return runNodes(opened, request, values, context);
  const startedAt = context.clock.now();
  const started = performance.now();
  const before = await runUnits(unitTests, opened, context);
  const others = nodes.filter((node) => node.kind === 'test');
  const stops = context.signal.aborted || (values['fail-fast'] === true && !before.every(isGood));
  if (others.length > 0 && !stops) return runNodes(opened, { ...request, nodes: others.map(({ id }) => id) }, values, context, before);
  const result: RunResult = {
    runId: newId(context.clock),
    command: request.command,
    status: statusOf(before, context.signal),
    startedAt,
    durationMs: performance.now() - started,
    nodes: [...before, ...others.map(({ id }) => cancelledResult({ node: id }))],
  };
  return finishRun(result, { opened, shown: opened.manifest, request, executionTime: instantOf(startedAt) }, values, context);
}

function statusOf(results: readonly NodeResult[], { aborted }: AbortSignal): RunResult['status'] {
  if (aborted) return 'cancelled';
  return results.every(isGood) ? 'success' : 'error';
}

/** How wide lines are where nothing is a terminal. */
const widthOfFiles = 120;

async function runUnits(
  tests: readonly UnitTestNode[],
  opened: OpenProject,
  { output, clock, signal }: CommandContext,
): Promise<NodeResult[]> {
  const results: NodeResult[] = [];
  const onResult = (result: UnitTestResult): void =>
    void results.push(toNodeResult(result, new Date(clock.now().getTime() - result.durationMs)));
  await runOffline(tests, { ...opened, width: output.stderr.columns ?? widthOfFiles, signal, onResult }).catch((thrown) => {
    throw thrown instanceof GccflowError && thrown.code === 'DEPENDENCY_MISSING' ? withoutEngine(thrown) : thrown;
  });
  const ran = new Set(results.map(({ node }) => node));
  return [...results, ...tests.filter(({ id }) => !ran.has(id)).map(({ id }) => cancelledResult({ node: id }))];
}

/** The other tests need no engine of their own. */
function withoutEngine({ message, cause }: GccflowError): GccflowError {
  return new GccflowError('DEPENDENCY_MISSING', message, {
    hint: "Run 'npm install chdb', or leave the unit tests out: --exclude test_type:unit.",
    cause,
  });
}

function toNodeResult({ node, status, durationMs, failures, errors, sql }: UnitTestResult, startedAt: Date): NodeResult {
  const error = joinErrors(errors);
  return {
    node: node.id,
    status,
    startedAt,
    durationMs,
    rowsWritten: null,
    failures: status === 'error' ? null : failures,
    error,
    skippedBy: null,
    message: error ? (error.message.split('\n', 1)[0] ?? '') : 'as expected',
    statements: [],
    compiledSql: sql,
    publicationId: null,
    showSql: null,
  };
}

/** The first error, with the others below it. */
function joinErrors([first, ...others]: readonly GccflowError[]): GccflowError | null {
  if (!first) return null;
  if (others.length === 0) return first;
  const more = others.map(({ message, at }) => `${at ? `${formatLocation(at)}: ` : ''}${message}`);
  return new GccflowError(first.code, [first.message, ...more].join('\n'), { at: first.at, hint: first.hint, cause: first.cause });
}
