import { GccflowError } from '../../foundation/error.ts';
import type { FoundTask } from '../../scrape/queue/find-tasks.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';
import { parseTaskFilter } from '../task-filter-options.ts';

export const tasksShow = defineCommand({
  name: 'tasks show',
  summary: 'Print all that is known of tasks.',
  description:
    'Prints params, times, keys and the error of each attempt that failed, for the tasks whose ids are given. Tasks that ended are kept as long as the history.',
  examples: [{ command: 'gccflow tasks show 4711', description: 'One task.' }],
  positionals: [{ name: 'id', description: 'Ids of tasks.', required: true, several: true }],
  options: { json },
  async run(values, context) {
    const { openTasks } = await import('../open-tasks.ts');
    const { findTasks } = await import('../../scrape/queue/find-tasks.ts');
    const { toTaskJson } = await import('../task-json.ts');
    const { output, positionals } = context;
    const filter = parseTaskFilter({ flow: [], status: [], since: undefined }, positionals);
    await using opened = await openTasks(values, context);
    const tasks = await findTasks(opened.queries, filter, positionals.length);
    if (values.json) output.printJson(tasks.map(toTaskJson));
    else for (const task of tasks) for (const line of linesOf(task)) output.print(line);
    const missing = positionals.filter((id) => !tasks.some((task) => task.id === id));
    if (missing.length > 0) {
      throw new GccflowError(
        'TASK_NOT_FOUND',
        `There is no task ${missing.map((id) => `'${id}'`).join(', ')} in the queue or its history.`,
        {
          hint: '`gccflow tasks ls` prints ids; tasks that ended are kept for some days only.',
        },
      );
    }
    return exitCode.ok;
  },
});

function linesOf(task: FoundTask): string[] {
  const { id, flow, status, errors, params, tries, max_attempts, attempt } = task;
  const facts: readonly (readonly [string, string | number | Date | null])[] = [
    ['flow', flow],
    ['status', status],
    ['tries', `${tries} of ${max_attempts}${attempt === tries ? '' : `, attempt ${attempt}`}`],
    ['priority', task.priority],
    ['queued', task.created_at],
    ['picked', task.picked_at],
    ['due', status === 'PENDING' ? task.run_at : null],
    ['leased until', task.lease_until],
    ['expires', task.expires_at],
    ['ended', task.ended_at],
    ['worker', task.worker_id],
    ['waits for', task.waiting_for],
    ['account', task.account_id],
    ['idempotency key', task.idempotency_key],
    ['unique key', task.unique_key],
    ['params', JSON.stringify(params)],
  ];
  const shown = facts.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(16)}${textOf(value)}`]));
  const failures = errors.map(({ attempt, at, code, message, place }) => {
    const where = place === null ? '' : ` (${place})`;
    return `  ${`attempt ${attempt}`.padEnd(16)}${textOf(new Date(at))} ${code}: ${message}${where}`;
  });
  return [`task ${id}`, ...shown, ...failures];
}

function textOf(value: string | number | Date): string {
  return value instanceof Date ? value.toISOString() : String(value);
}
