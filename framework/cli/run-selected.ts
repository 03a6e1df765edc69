import { kindsOf } from '../plan/order-nodes.ts';
import type { PlanCommand } from '../plan/plan.ts';
import type { CommandContext, Values } from './command.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { openProject } from './open-project.ts';
import type { EverywhereOptions, RunOptions, SelectionOptions } from './options.ts';
import { runNodes } from './run-nodes.ts';
import { selectFrom } from './select-from.ts';

export interface SelectedRun {
  readonly command: PlanCommand;
  readonly fullRefresh: boolean;
  readonly requireFresh?: boolean;
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
  return runNodes(opened, { command, nodes: [...selection.nodes], ...how }, values, context);
}
