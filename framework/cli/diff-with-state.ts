import { GccflowError } from '../foundation/error.ts';
import { StateComparison } from '../plan/compare-state.ts';
import { type CheckedStates, diffState, type StateDiff } from '../plan/diff-state.ts';
import { readFactsCache, writeFactsCache } from '../run/facts-cache.ts';
import type { CommandContext } from './command.ts';
import type { OpenProject } from './open-project.ts';
import { type OpenState, openState } from './open-state.ts';

/** The project against what `--state` names; by checked columns where both were checked. Throws USAGE where it names nothing. */
export async function diffWithState({ project, manifest, state }: OpenProject, { log }: Pick<CommandContext, 'log'>): Promise<StateDiff> {
  if (state === null) {
    const hint = 'Name the folder of an earlier manifest.json: --state prod-artifacts, or --state s3://bucket/prefix.';
    throw new GccflowError('USAGE', "A difference needs '--state': what the project is compared with.", { hint });
  }
  readFactsCache(manifest);
  const comparison = new StateComparison(manifest, await state.manifest());
  const own = openState('target', project, { cwd: project.dir, log });
  const difference = diffState(manifest, comparison, await readChecks(state, own));
  writeFactsCache(manifest);
  return difference;
}

async function readChecks(state: OpenState, own: OpenState): Promise<CheckedStates | null> {
  const [earlier, present] = await Promise.all([state.check(), own.check()]);
  return earlier && present ? { earlier: earlier.relations, present: present.relations } : null;
}
