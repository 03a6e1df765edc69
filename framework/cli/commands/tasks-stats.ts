import { parseDuration } from '../../foundation/duration.ts';
import type { FlowStats } from '../../scrape/queue/task-stats.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';
import { parseSince } from '../task-filter-options.ts';

const defaultSinceMs = parseDuration('1h') ?? 0;

export const tasksStats = defineCommand({
  name: 'tasks stats',
  summary: 'Count the tasks of each flow.',
  description:
    'Prints for each flow how many tasks are due, wait for a later time and run, for how long the oldest one that is due has been queued, and how many ended within a time and at which rate they completed.',
  examples: [
    { command: 'gccflow tasks stats', description: 'Every flow, and what ended in the last hour.' },
    { command: 'gccflow tasks stats --since 1d --json', description: 'The last day, as JSON.' },
  ],
  positionals: [],
  options: { since: { type: 'text', value: 'DURATION', description: 'Count what ended within this time. Default: 1h.' }, json },
  async run(values, context) {
    const { openTasks } = await import('../open-tasks.ts');
    const { readStats } = await import('../../scrape/queue/task-stats.ts');
    const { formatTable } = await import('../format-table.ts');
    const { formatDuration } = await import('../../foundation/duration.ts');
    const sinceMs = parseSince(values.since) ?? defaultSinceMs;
    await using opened = await openTasks(values, context);
    const stats = await readStats(opened.queries, sinceMs);
    if (values.json) context.output.printJson(stats.map((flow) => toJson(flow, sinceMs)));
    else if (stats.length > 0) {
      const age = (ms: number | null): string => (ms === null ? '–' : formatDuration(ms));
      context.output.print(
        formatTable(
          columns,
          stats.map((flow) => cellsOf(flow, age(flow.oldestDueMs), sinceMs)),
        ),
      );
    } else context.output.note('There are no tasks.');
    return exitCode.ok;
  },
});

const left = (title: string) => ({ title, align: 'left' }) as const;
const right = (title: string) => ({ title, align: 'right' }) as const;
const numbers = ['due', 'oldest', 'later', 'processing', 'complete', 'per minute', 'failed', 'expired', 'cancelled'];
const columns = [left('flow'), ...numbers.map(right), left('')];

function perMinute({ complete }: FlowStats, sinceMs: number): number {
  return Number(((complete * 60_000) / sinceMs).toPrecision(3));
}

function cellsOf(flow: FlowStats, oldest: string, sinceMs: number): string[] {
  const { due, later, processing, complete, failed, expired, cancelled, pausedAt } = flow;
  const count = (value: number): string => value.toLocaleString('en');
  const ended = [count(complete), count(perMinute(flow, sinceMs)), ...[failed, expired, cancelled].map(count)];
  return [flow.flow, count(due), oldest, count(later), count(processing), ...ended, pausedAt === null ? '' : 'paused'];
}

function toJson(flow: FlowStats, sinceMs: number) {
  const { oldestDueMs, pausedAt, ...counts } = flow;
  return { ...counts, per_minute: perMinute(flow, sinceMs), oldest_due_ms: oldestDueMs, paused_at: pausedAt };
}
