import type { QueueReport } from '../../sink/queue-report.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json, selectionOptions } from '../options.ts';

export const queuesLs = defineCommand({
  name: 'queues ls',
  summary: 'Say how full the queues are.',
  description:
    'Prints for the queue of each sink its type, how many messages wait in it, how many consumers hold, how many consumers there are, and how long the message at its head has waited; how many failed deliveries wait for another try, and how many dead letters there are. A dash stands for what the broker does not tell: RabbitMQ not of held messages, and of the oldest one only where nobody consumes.',
  examples: [
    { command: 'gccflow queues ls', description: 'Every sink of the project.' },
    { command: 'gccflow queues ls --json', description: 'With each delay queue and the dead-letter queue by name.' },
  ],
  positionals: [],
  options: { ...selectionOptions, json },
  async run(values, context) {
    const { openStreams } = await import('../open-streams.ts');
    const { readQueueReports } = await import('../../sink/queue-report.ts');
    const { formatTable } = await import('../format-table.ts');
    await using streams = await openStreams(values, context);
    const reports = await readQueueReports(streams.sinks, streams.broker);
    const now = context.clock.now();
    if (values.json) context.output.printJson(reports.map((report) => summarize(report, now)));
    else if (reports.length > 0) {
      const { formatDuration } = await import('../../foundation/duration.ts');
      const age = (ms: number | null): string => (ms === null ? dash : formatDuration(ms));
      context.output.print(
        formatTable(
          columns,
          reports.map((report) => cellsOf(report, age(ageMs(report, now)))),
        ),
      );
      const missing = reports.filter(({ state }) => state === null).map(({ queue }) => queue);
      if (missing.length > 0) context.output.note(`not there: ${missing.join(', ')}; \`gccflow queues apply\` creates them`);
    }
    return exitCode.ok;
  },
});

const dash = '–';
const left = (title: string) => ({ title, align: 'left' }) as const;
const right = (title: string) => ({ title, align: 'right' }) as const;
const columns = [left('queue'), left('sink'), left('type'), ...['ready', 'held', 'consumers', 'oldest', 'retries', 'dead'].map(right)];

function cellsOf({ queue, sink, type, state, retries, deadLetters }: QueueReport, oldest: string): string[] {
  const numbers = [state?.ready, state?.unacked, state?.consumers].map(formatCount);
  return [queue, sink, type, ...numbers, oldest, formatCount(sumOf(retries)), formatCount(deadLetters.ready)];
}

function formatCount(count: number | null | undefined): string {
  return count === null || count === undefined ? dash : count.toLocaleString('en');
}

/** Null where none of the queues is there. */
function sumOf(retries: QueueReport['retries']): number | null {
  const known = retries.flatMap(({ ready }) => (ready === null ? [] : [ready]));
  return known.length === 0 ? null : known.reduce((sum, ready) => sum + ready, 0);
}

/** A publisher's clock may be ahead of this one. */
function ageMs({ state }: QueueReport, now: Date): number | null {
  return state?.oldest ? Math.max(0, now.getTime() - state.oldest.getTime()) : null;
}

function summarize(report: QueueReport, now: Date) {
  const { sink, queue, type, state, retries, deadLetters } = report;
  return {
    sink,
    queue,
    type,
    exists: state !== null,
    ready: state?.ready ?? null,
    unacked: state?.unacked ?? null,
    consumers: state?.consumers ?? null,
    oldest: state?.oldest?.toISOString() ?? null,
    oldest_age_ms: ageMs(report, now),
    retries: retries.map(({ queue, delayMs, ready }) => ({ queue, delay_ms: delayMs, ready })),
    dead_letters: deadLetters,
  };
}
