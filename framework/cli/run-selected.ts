import { GccflowError } from '../foundation/error.ts';
import type { Interval } from '../manifest/interval.ts';
import type { NodeId } from '../manifest/manifest.ts';
import { kindsOf } from '../plan/order-nodes.ts';
import type { PlanCommand } from '../plan/plan.ts';
import type { CommandContext, Values } from './command.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { type OpenProject, openProject } from './open-project.ts';
import type { EverywhereOptions, RunOptions, SelectionOptions } from './options.ts';
import { runNodes } from './run-nodes.ts';
import { selectFrom } from './select-from.ts';

export interface SelectedRun {
  readonly command: PlanCommand;
  readonly fullRefresh: boolean;
  readonly requireFresh?: boolean;
  /** `--start` and `--end`. */
  readonly asked?: Interval;
}

/** Runs the nodes that the selection flags pick. */
export async function runSelected(
  { command, ...how }: SelectedRun,
  values: Values<SelectionOptions & RunOptions & EverywhereOptions>,
  context: CommandContext,
): Promise<ExitCode> {
  const opened = await openProject(values, context);
  const selection = await selectFrom(opened, values, kindsOf[command]);
  if (selection.nodes.size === 0) {
    context.output.note('Nothing is selected, nothing is done.');
    return exitCode.ok;
  }
  if (how.asked) requireIntervals(opened, selection.nodes, how);
  const request = { command, nodes: [...selection.nodes], ...how };
  if (command !== 'test') return runNodes(opened, request, values, context);
  const { runTests } = await import('./run-tests.ts');
  return runTests(opened, request, values, context);
}

/** `--start` and `--end` that change nothing are a mistake. Throws USAGE. */
function requireIntervals({ manifest }: OpenProject, nodes: ReadonlySet<NodeId>, { fullRefresh }: Pick<SelectedRun, 'fullRefresh'>): void {
  if (fullRefresh) {
    throw new GccflowError('USAGE', `'--full-refresh' writes every interval, so '--start' and '--end' have nothing to say.`);
  }
  const some = [...nodes].some((id) => {
    const node = manifest.nodes.get(id);
    return node?.kind === 'model' && node.config.incremental_strategy === 'interval';
  });
  if (some) return;
  throw new GccflowError('USAGE', `'--start' and '--end' are for models that are built by intervals, and none is selected.`, {
    hint: '`gccflow ls --select config.incremental_strategy:interval` lists them.',
  });
}
