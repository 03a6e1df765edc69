import { parseDuration } from '../foundation/duration.ts';
import { GccflowError } from '../foundation/error.ts';
import { type TaskStatus, taskStatuses } from '../scrape/queue/task.ts';
import type { TaskFilter } from '../scrape/queue/task-filter.ts';
import type { Values } from './command.ts';

/** Which tasks. */
export const taskFilterOptions = {
  flow: { type: 'list', value: 'NAME', completes: 'flow', description: 'Those of one of these flows.' },
  status: { type: 'list', choices: taskStatuses, value: 'STATUS', description: 'Those with one of these statuses.' },
  since: { type: 'text', value: 'DURATION', description: 'Those that were queued, started or ended within this time, e.g. 30m or 2d.' },
} as const;

/** Ids as the arguments of a command. */
export const idPositional = { name: 'id', description: 'Ids of tasks.', several: true } as const;

/** Throws USAGE for an id or a duration that is none. */
export function parseTaskFilter(values: Values<typeof taskFilterOptions>, ids: readonly string[]): TaskFilter {
  const wrong = ids.find((id) => !/^\d{1,18}$/.test(id));
  if (wrong !== undefined) {
    throw new GccflowError('USAGE', `'${wrong}' is no id of a task: that is a whole number.`, { hint: '`gccflow tasks ls` prints them.' });
  }
  return { ids, flows: values.flow, statuses: values.status as readonly TaskStatus[], sinceMs: parseSince(values.since) };
}

/** Milliseconds of --since, null where it is not given. Throws USAGE. */
export function parseSince(since: string | undefined): number | null {
  const ms = since === undefined ? null : parseDuration(since);
  if (ms !== undefined) return ms;
  throw new GccflowError('USAGE', `'--since' takes a duration, not '${since}'.`, { hint: 'Write for example 30m or 1h.' });
}

/** Whether a filter means every task there is. */
export function isEveryTask({ ids, flows, statuses, sinceMs }: TaskFilter): boolean {
  return ids.length + flows.length + statuses.length === 0 && sinceMs === null;
}
