import { readExisting } from '../run/read-existing.ts';
import type { CommandContext } from './command.ts';
import type { FindExisting } from './defer.ts';
import { openTargetWarehouse } from './open-connections.ts';
import type { OpenProject } from './open-project.ts';

/** Asks the target's warehouse, which is opened for the question alone. */
export function openExisting({ project }: OpenProject, { log, signal }: Pick<CommandContext, 'log' | 'signal'>): FindExisting {
  return async (relations) => {
    if (relations.length === 0) return new Set();
    await using warehouse = await openTargetWarehouse(project, { threads: 1, log, signal, waitLockMs: 0 });
    return readExisting(relations, warehouse);
  };
}
