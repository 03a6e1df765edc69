import { GccflowError } from '../../foundation/error.ts';
import type { TaskFilter } from '../../scrape/queue/task-filter.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';
import { idPositional, isEveryTask, parseTaskFilter, taskFilterOptions } from '../task-filter-options.ts';

export const tasksRetry = defineCommand({
  name: 'tasks retry',
  summary: 'Queue tasks again that failed, expired or were cancelled.',
  description:
    'Brings tasks back from the history, with all their tries: those whose ids are given whatever ended them, or those that filters mean, the failed ones where no status is named. A task keeps its id, so that what it emits has the same event ids. One whose unique params are queued already stays where it is. Tasks that wait for another try or a later time are due at once, where they are meant by id or with --status PENDING.',
  examples: [
    { command: 'gccflow tasks retry 4711 4712', description: 'Two tasks.' },
    { command: 'gccflow tasks retry --flow refresh_profile_by_handle --since 1h', description: 'What failed of a flow in the last hour.' },
    { command: 'gccflow tasks retry --status PENDING', description: 'What waits, now: say for a credential that was enabled since.' },
  ],
  positionals: [idPositional],
  options: { ...taskFilterOptions, all: { type: 'boolean', description: 'All that failed, of every flow.' }, json },
  async run(values, context) {
    const { openTasks } = await import('../open-tasks.ts');
    const { hurryTasks } = await import('../../scrape/queue/hurry-tasks.ts');
    const { retryTasks } = await import('../../scrape/queue/retry-tasks.ts');
    const given = parseTaskFilter(values, context.positionals);
    if (isEveryTask(given) !== (values.all === true)) {
      const message = values.all ? "'--all' and a filter contradict each other." : 'Which tasks is not said.';
      throw new GccflowError('USAGE', message, { hint: 'Give ids, a filter (--flow, --status, --since), or --all.' });
    }
    const needsStatus = given.ids.length + given.statuses.length === 0;
    await using opened = await openTasks(values, context);
    const { queries } = opened;
    const filter: TaskFilter = needsStatus ? { ...given, statuses: ['FAILED'] } : given;
    const hurried = await hurryTasks(queries, filter, context.signal);
    const retried = await retryTasks(queries, filter, context.signal);
    if (values.json) context.output.printJson({ retried, hurried });
    else {
      if (hurried > 0) context.output.print(`${hurried.toLocaleString('en')} due now`);
      if (hurried === 0 || retried > 0) context.output.print(`${retried.toLocaleString('en')} queued again`);
    }
    if (retried + hurried < given.ids.length)
      context.output.note('the others are due or running already, have completed, or are not in the history');
    return exitCode.ok;
  },
});
