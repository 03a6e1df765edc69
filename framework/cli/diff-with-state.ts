import type { CheckArtifact } from '../check/check-artifact.ts';
import { openCheckEngine } from '../check/check-engine.ts';
import { presentColumns } from '../check/present-columns.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import { StateComparison } from '../plan/compare-state.ts';
import { type CheckedStates, diffState, type StateDiff } from '../plan/diff-state.ts';
import { readFactsCache, writeFactsCache } from '../run/facts-cache.ts';
import type { CommandContext } from './command.ts';
import type { OpenProject } from './open-project.ts';

/** The project against what `--state` names; by what ClickHouse says of columns where the state was checked. Throws USAGE where it names nothing. */
export async function diffWithState(opened: OpenProject, { log }: Pick<CommandContext, 'log'>): Promise<StateDiff> {
  const { manifest, state } = opened;
  if (state === null) {
    const hint = 'Name the folder of an earlier manifest.json: --state prod-artifacts, or --state s3://bucket/prefix.';
    throw new GccflowError('USAGE', "A difference needs '--state': what the project is compared with.", { hint });
  }
  readFactsCache(manifest);
  const comparison = new StateComparison(manifest, await state.manifest());
  const earlier = await state.check();
  const difference = diffState(manifest, comparison, earlier && (await checkColumns(earlier, opened, log)));
  writeFactsCache(manifest);
  return difference;
}

/** null, and a warning, where the embedded ClickHouse is not installed. */
async function checkColumns(earlier: CheckArtifact, { project, manifest }: OpenProject, log: Log): Promise<CheckedStates | null> {
  try {
    await using engine = await openCheckEngine();
    const { graph, readersOf } = await presentColumns(earlier, { project, manifest, engine });
    const known = [...graph.relations].filter(([, { from }]) => from !== 'remembered');
    return {
      earlier: earlier.relations,
      present: Object.fromEntries(known),
      readersOf: (relation, column) => readersOf(relation, column).map(({ id }) => id),
    };
  } catch (thrown) {
    if (!(thrown instanceof GccflowError && thrown.code === 'DEPENDENCY_MISSING')) throw thrown;
    log.warn({ reason: thrown.message }, 'columns compared as declared');
    return null;
  }
}
