import type { Manifest, SyncNode } from '../manifest/manifest.ts';
import { readsFinal } from '../manifest/reads-final.ts';
import type { RunDeps, RunEvent } from '../run/run-deps.ts';
import { runSync } from '../sync/run-sync.ts';
import type { CommandContext } from './command.ts';
import type { Connections } from './open-connections.ts';

/** What a run calls for each sync, bound to the open connections; the room of runs knows nothing of syncs. */
export function runSyncWith(
  manifest: Manifest,
  { warehouse, syncs }: Connections,
  { log, clock }: Pick<CommandContext, 'log' | 'clock'>,
  onEvent: (event: RunEvent) => void,
): RunDeps['runSync'] {
  return async (sync, { signal, runId }) => {
    if (syncs === null) throw new Error(`'${sync.id}' is to run and PostgreSQL is not open`);
    const from = relationNode(manifest, sync);
    const outcome = await runSync(sync, {
      warehouse,
      ...syncs,
      from: from.relation,
      final: readsFinal(from),
      log: log.child({ node: sync.id }),
      signal,
      runId,
      clock,
      onProgress: ({ rows, totalRows }) => onEvent({ kind: 'progress', node: sync.id, readRows: rows, totalRows }),
    });
    return { rows: outcome.rows, message: outcome.message, statements: [], publicationId: outcome.publicationId };
  };
}

function relationNode(manifest: Manifest, sync: SyncNode) {
  const node = manifest.nodes.get(sync.from);
  if (node && 'relation' in node) return node;
  throw new Error(`'${sync.id}' reads '${sync.from}', which is no relation`);
}
