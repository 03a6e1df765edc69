import type { ModelNode, SeedNode, SyncNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import type { Project } from '../project/project.ts';
import { newId } from '../run/new-id.ts';
import { rollbackNode } from '../run/rollback-node.ts';
import { rollbackSync } from '../sync/rollback-sync.ts';
import { tableSql } from '../sync/table-name.ts';
import type { CommandContext } from './command.ts';
import { openTargetPostgres, openTargetWarehouse } from './open-connections.ts';

type RollBackContext = Pick<CommandContext, 'clock' | 'log' | 'signal'> & { readonly waitLockMs: number };

/** Rolls one node back where it is published, and says in a line what is live now. */
export async function rollBack(node: ModelNode | SeedNode | SyncNode, project: Project, context: RollBackContext): Promise<string> {
  if (node.kind === 'sync') return rollBackTable(node, project, context);
  await using warehouse = await openTargetWarehouse(project, { ...context, threads: 1 });
  const { publication, replaced } = await rollbackNode(node, { ...context, warehouse });
  const kept = replaced === null ? 'nothing stood in its place' : `${replaced} is kept for another rollback`;
  return `${relationSql(node.relation)} is publication ${publication ?? '(not by gccflow)'} again; ${kept}`;
}

async function rollBackTable(node: SyncNode, project: Project, { clock, log, signal }: RollBackContext): Promise<string> {
  await using postgres = await openTargetPostgres(project, { threads: 1, log });
  const { rows } = await rollbackSync(node, { postgres, runId: newId(clock), clock, signal });
  return `${tableSql(node.sync.to)} has its previous ${rows.toLocaleString('en')} rows again; the replaced ones are kept for another rollback`;
}
