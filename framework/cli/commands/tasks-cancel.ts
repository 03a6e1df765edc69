import { GccflowError } from '../../foundation/error.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';
import { idPositional, isEveryTask, parseTaskFilter, taskFilterOptions } from '../task-filter-options.ts';

export const tasksCancel = defineCommand({
  name: 'tasks cancel',
  summary: 'End tasks that wait or run.',
  description:
    'Ends tasks as CANCELLED: those whose ids are given, or those that filters mean; --status PENDING leaves alone what runs. The worker of one that runs stops it when it next lengthens its lease, and what it wants to write is not written. `gccflow tasks retry` brings them back.',
  examples: [
    { command: 'gccflow tasks cancel 4711', description: 'One task.' },
    { command: 'gccflow tasks cancel --flow fetch_post_comments --status PENDING', description: 'All of a flow that wait.' },
  ],
  positionals: [idPositional],
  options: { ...taskFilterOptions, json },
  async run(values, context) {
    const { openTasks } = await import('../open-tasks.ts');
    const { cancelTasks } = await import('../../scrape/queue/cancel-tasks.ts');
    const filter = parseTaskFilter(values, context.positionals);
    if (isEveryTask(filter)) {
      throw new GccflowError('USAGE', 'Which tasks is not said.', { hint: 'Give ids or a filter: --flow, --status, --since.' });
    }
    await using opened = await openTasks(values, context);
    const cancelled = await cancelTasks(opened.queries, filter, context.signal);
    if (values.json) context.output.printJson({ cancelled });
    else context.output.print(`${cancelled.toLocaleString('en')} cancelled`);
    if (cancelled < filter.ids.length) context.output.note('the others are not queued: they have ended, or never were');
    return exitCode.ok;
  },
});
