import type { Manifest } from '../../manifest/manifest.ts';
import type { FoundTask } from '../../scrape/queue/find-tasks.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { isFlow } from '../is-flow.ts';
import { json } from '../options.ts';
import { parseTaskFilter, taskFilterOptions } from '../task-filter-options.ts';

const defaultLimit = 50;

export const tasksLs = defineCommand({
  name: 'tasks ls',
  summary: 'List tasks, those queued last first.',
  description:
    'Prints tasks of the queue and of its history: their flow and status, how often they were tried, when they were queued and when they ended or are due, and what went wrong last or what they wait for. Filters hold together.',
  examples: [
    { command: 'gccflow tasks ls --status FAILED --since 1h', description: 'What failed in the last hour.' },
    { command: 'gccflow tasks ls --flow refresh_profile_by_handle --limit 500 --json', description: 'Tasks of one flow, as JSON.' },
  ],
  positionals: [],
  options: { ...taskFilterOptions, limit: { type: 'number', value: 'N', description: 'How many are printed. Default: 50.' }, json },
  async run(values, context) {
    const { openTasks } = await import('../open-tasks.ts');
    const { findTasks } = await import('../../scrape/queue/find-tasks.ts');
    const { formatTable } = await import('../format-table.ts');
    const { toTaskJson } = await import('../task-json.ts');
    const filter = parseTaskFilter(values, []);
    const limit = values.limit ?? defaultLimit;
    await using opened = await openTasks(values, context);
    const tasks = await findTasks(opened.queries, filter, limit);
    if (values.json) context.output.printJson(tasks.map(toTaskJson));
    else if (tasks.length > 0) context.output.print(formatTable(columns, tasks.map(cellsOf)));
    if (tasks.length === 0) context.output.note(`There are no such tasks.${await unknownFlows(values.flow, opened.manifest)}`);
    if (tasks.length === limit) context.output.note(`the last ${limit}; --limit shows more`);
    return exitCode.ok;
  },
});

/** The flows among these that the project does not have, as a sentence; empty where it has them all. */
async function unknownFlows(names: readonly string[], manifest: Manifest): Promise<string> {
  const { didYouMean } = await import('../../foundation/closest.ts');
  const flows = [...manifest.nodes.values()].filter(isFlow).map(({ name }) => name);
  return names
    .filter((name) => !flows.includes(name))
    .map((name) => ` The project has no flow '${name}'. ${didYouMean(name, flows) ?? '`gccflow flows ls` prints all.'}`)
    .join('');
}

const left = (title: string) => ({ title, align: 'left' }) as const;
const right = (title: string) => ({ title, align: 'right' }) as const;
const columns = [right('id'), left('flow'), left('status'), right('tries'), left('queued'), left('ended or due'), left('error or reason')];

function cellsOf(task: FoundTask): string[] {
  const { id, flow, status, tries, max_attempts, created_at, ended_at, run_at, ready, error, waiting_for } = task;
  const then = ended_at ?? (status === 'PENDING' && !ready ? run_at : null);
  return [
    id,
    flow,
    status,
    `${tries}/${max_attempts}`,
    timeOf(created_at),
    timeOf(then),
    status === 'COMPLETE' ? '' : (waiting_for ?? error ?? ''),
  ];
}

function timeOf(time: Date | null): string {
  return time === null ? '–' : time.toISOString().replace(/\.\d+Z$/, 'Z');
}
