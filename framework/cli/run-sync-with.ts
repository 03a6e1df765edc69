import type { Manifest } from '../manifest/manifest.ts';
import type { RunDeps, RunEvent } from '../run/run-deps.ts';
import type { CommandContext } from './command.ts';
import type { Connections } from './open-connections.ts';

/** What a run calls for each sync, bound to the open connections; the room of runs knows nothing of syncs. */
export function runSyncWith(
  _manifest: Manifest,
  { syncs }: Connections,
  _context: Pick<CommandContext, 'log' | 'clock'>,
  _onEvent: (event: RunEvent) => void,
): RunDeps['runSync'] {
  return async (sync) => {
    throw new Error(`the connections for '${sync.name}' are ${syncs === null ? 'not ' : ''}open`);
  };
}
