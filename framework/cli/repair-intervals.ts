import type { ModelNode } from '../manifest/manifest.ts';
import { type IntervalReport, intervalsToRepair } from '../run/read-intervals.ts';
import type { CommandContext, Values } from './command.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import type { OpenProject } from './open-project.ts';
import type { EverywhereOptions, RunOptions } from './options.ts';
import { runNodes } from './run-nodes.ts';

/** Writes the intervals anew that are missing or drifted, and tests them before they are published, as a build does. */
export async function repairIntervals(
  node: ModelNode,
  report: IntervalReport,
  opened: OpenProject,
  values: Values<RunOptions & EverywhereOptions>,
  context: CommandContext,
): Promise<ExitCode> {
  const broken = intervalsToRepair(report);
  if (broken.length === 0) {
    context.output.note('No interval is missing or drifted, nothing is done.');
    return exitCode.ok;
  }
  const { children, nodes } = opened.manifest;
  const tests = (children.get(node.id) ?? []).filter((id) => nodes.get(id)?.kind === 'test');
  const repair = new Map([[node.id, broken]]);
  return runNodes(opened, { command: 'build', nodes: [node.id, ...tests], fullRefresh: false, repair }, values, context);
}
