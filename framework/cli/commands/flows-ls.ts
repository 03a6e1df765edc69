import type { FlowNode } from '../../manifest/manifest.ts';
import type { FlowStats } from '../../scrape/queue/task-stats.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { isFlow } from '../is-flow.ts';
import { json } from '../options.ts';

const lastHourMs = 3_600_000;

export const flowsLs = defineCommand({
  name: 'flows ls',
  summary: 'List the flows of the project.',
  description:
    'Prints of each flow how many processes it has where the target says `workers: declared`, how many tasks each of them runs at once, how many tasks are due and run, and whether it is paused.',
  examples: [{ command: 'gccflow flows ls', description: 'Every flow.' }],
  positionals: [],
  options: { json },
  async run(values, context) {
    const { openTasks } = await import('../open-tasks.ts');
    const { readStats } = await import('../../scrape/queue/task-stats.ts');
    const { formatTable } = await import('../format-table.ts');
    await using opened = await openTasks(values, context);
    const stats = new Map((await readStats(opened.queries, lastHourMs)).map((flow) => [flow.flow, flow]));
    const rows = [...opened.manifest.nodes.values()].filter(isFlow).map((node) => summarize(node, stats.get(node.name)));
    if (values.json) context.output.printJson(rows);
    else if (rows.length > 0) context.output.print(formatTable(columns, rows.map(cellsOf)));
    else context.output.note('The project has no flows.');
    return exitCode.ok;
  },
});

const left = (title: string) => ({ title, align: 'left' }) as const;
const right = (title: string) => ({ title, align: 'right' }) as const;
const columns = [left('flow'), ...['workers', 'concurrency', 'due', 'later', 'processing'].map(right), left('paused since')];

function summarize({ name, flow }: FlowNode, stats: FlowStats | undefined) {
  return {
    flow: name,
    workers: flow.workers,
    concurrency: flow.concurrency,
    due: stats?.due ?? 0,
    later: stats?.later ?? 0,
    processing: stats?.processing ?? 0,
    paused_at: stats?.pausedAt ?? null,
  };
}

function cellsOf({ flow, workers, concurrency, due, later, processing, paused_at }: ReturnType<typeof summarize>): string[] {
  const counts = [workers, concurrency, due, later, processing].map((count) => count.toLocaleString('en'));
  return [flow, ...counts, paused_at === null ? '' : paused_at.toISOString().replace(/\.\d+Z$/, 'Z')];
}
