import { GccflowError } from '../../foundation/error.ts';
import type { ModelNode, Node, SeedNode, SyncNode } from '../../manifest/manifest.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { runOptions } from '../options.ts';

export const rollback = defineCommand({
  name: 'rollback',
  summary: 'Bring back the previous version of a node.',
  description:
    'Puts the kept previous version of a model, seed or sync in the place of the live one, at once. The version it replaces is kept in turn: a second rollback undoes the first.',
  examples: [
    { command: 'gccflow rollback mart_post', description: 'The table in ClickHouse.' },
    { command: 'gccflow rollback sync.leaderboard', description: 'The table in PostgreSQL, where a model has the same name.' },
  ],
  positionals: [{ name: 'node', description: 'Name of a model, seed or sync, or its id.', required: true, completes: 'node' }],
  options: { 'wait-lock': runOptions['wait-lock'] },
  async run(values, context) {
    const { openProject } = await import('../open-project.ts');
    const { findNode } = await import('../find-node.ts');
    const { rollBack } = await import('../roll-back.ts');
    const { parseWaitLock } = await import('../parse-wait-lock.ts');
    const waitLockMs = parseWaitLock(values['wait-lock']);
    const opened = await openProject(values, context);
    const node = findNode(context.positionals[0] ?? '', opened.manifest, isPublished);
    if (node.kind === 'model' && node.config.materialized === 'ephemeral') {
      throw new GccflowError('ROLLBACK_IMPOSSIBLE', `The model '${node.name}' is ephemeral: nothing of it is published.`);
    }
    context.output.print(await rollBack(node, opened.project, { ...context, waitLockMs }));
    return exitCode.ok;
  },
});

function isPublished(node: Node): node is ModelNode | SeedNode | SyncNode {
  return node.kind === 'model' || node.kind === 'seed' || node.kind === 'sync';
}
