import { instantOf } from '../manifest/interval.ts';
import type { ModelNode } from '../manifest/manifest.ts';
import { type IntervalReport, readIntervals } from '../run/read-intervals.ts';
import type { CommandContext, Values } from './command.ts';
import { openTargetWarehouse } from './open-connections.ts';
import type { OpenProject } from './open-project.ts';
import type { RunOptions } from './options.ts';
import { parseWaitLock } from './parse-wait-lock.ts';

/** What a model holds of its intervals now. The warehouse is closed again, for a repair opens its own. */
export async function reportIntervals(
  node: ModelNode,
  { project }: OpenProject,
  values: Values<Pick<RunOptions, 'wait-lock'>>,
  context: CommandContext,
): Promise<IntervalReport> {
  const waitLockMs = parseWaitLock(values['wait-lock']);
  await using warehouse = await openTargetWarehouse(project, { ...context, threads: 1, waitLockMs });
  return await readIntervals(node, warehouse, instantOf(context.clock.now()));
}
