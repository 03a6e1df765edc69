import { join } from 'node:path';
import { GccflowError } from '../foundation/error.ts';
import { type Instant, type Interval, parseInstant } from '../manifest/interval.ts';
import type { Manifest, NodeId } from '../manifest/manifest.ts';
import type { PlanCommand } from '../plan/plan.ts';
import { type LastRun, nodesToRetry, readRunResults } from '../run/read-run-results.ts';
import type { CommandContext, Values } from './command.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { locateProject, openProject } from './open-project.ts';
import type { EverywhereOptions, RunOptions, SelectionOptions } from './options.ts';
import { runNodes } from './run-nodes.ts';
import { runTests } from './run-tests.ts';

type RetryValues = Values<RunOptions & Pick<SelectionOptions, 'state'> & EverywhereOptions>;

/** Runs the failed and skipped nodes of the last run again, as that run would have. Throws ARTIFACT_MISSING where there was none. */
export async function retryLastRun(given: RetryValues, context: CommandContext): Promise<ExitCode> {
  const dir = locateProject(context.cwd, given['project-dir']);
  const last = await readRunResults(join(dir, 'target'));
  const command = planCommandOf(last);
  const values = withLastArguments(given, last);
  const opened = await openProject(values, context);
  const nodes = withTheirTests(nodesToRetry(last), last, opened.manifest);
  if (nodes.length === 0) {
    context.output.note('Nothing failed in the last run, nothing is done.');
    return exitCode.ok;
  }
  const how = { fullRefresh: last.args.full_refresh === true, requireFresh: last.args.require_fresh === true };
  return (command === 'test' ? runTests : runNodes)(opened, { command, nodes, ...how, ...timeOf(last) }, values, context);
}

function planCommandOf({ command }: LastRun): PlanCommand {
  const known = (['build', 'run', 'test', 'seed', 'sync'] as const).find((name) => name === command);
  if (known) return known;
  throw new GccflowError('ARTIFACT_MISSING', `target/run_results.json is of the command '${command}', which cannot be run again.`);
}

/** What `now` was to the last run, and the intervals that it was asked for. */
function timeOf({ args }: LastRun): { readonly executionTime?: Instant; readonly asked?: Interval } {
  const [executionTime, start, end] = [args.execution_time, args.start, args.end].map((text) => parseInstant(String(text)));
  return { ...(executionTime && { executionTime }), ...(start && end && { asked: { start, end } }) };
}

/** What decides the outcome is taken over; how it is shown is up to this call. */
function withLastArguments(given: RetryValues, { args }: LastRun): RetryValues {
  const text = (name: string): string | undefined => (typeof args[name] === 'string' ? args[name] : undefined);
  return {
    ...given,
    target: given.target ?? text('target'),
    vars: given.vars ?? varsOf(args),
    threads: given.threads ?? (typeof args.threads === 'number' ? args.threads : undefined),
    'wait-lock': given['wait-lock'] ?? text('wait_lock'),
    'fail-fast': given['fail-fast'] ?? args.fail_fast === true,
    state: given.state ?? text('state'),
    defer: given.defer ?? args.defer === true,
    'favor-state': given['favor-state'] ?? args.favor_state === true,
  };
}

/** The vars of the last run, as --vars takes them. Throws USAGE where one of them was masked. */
function varsOf({ vars }: LastRun['args']): string | undefined {
  if (typeof vars !== 'object' || vars === null) return undefined;
  const text = JSON.stringify(vars);
  if (!text.includes('"***"')) return text;
  throw new GccflowError('USAGE', 'The last run had a secret among its vars, which target/run_results.json does not keep.', {
    hint: 'Give its vars again with --vars.',
  });
}

/** With the tests of that run that audit the nodes: a model that is built again is tested whole, not by the failed test alone. */
function withTheirTests(nodes: readonly NodeId[], { statuses }: LastRun, manifest: Manifest): NodeId[] {
  const retried = new Set(nodes.filter((id) => manifest.nodes.has(id)));
  const tests = [...statuses.keys()].filter((id) => manifest.nodes.get(id)?.kind === 'test');
  const audits = tests.filter((id) => manifest.parents.get(id)?.some((parent) => retried.has(parent)));
  return [...new Set([...retried, ...audits])];
}
