import type { DeadLetterSummary } from '../../sink/dead-letters.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json, selectionOptions } from '../options.ts';

const defaultLimit = 10_000;

export const deadLettersLs = defineCommand({
  name: 'dead-letters ls',
  summary: 'Count what failed for good, by reason.',
  description:
    'Prints for each sink how many of its deliveries are dead letters, by reason code, with the time of the first and the last failure. Each is fetched from the broker and given back, so that a queue is only looked at up to a limit, its oldest first. The codes are explained where they come from: FIELD_* and BODY_* are what a body lacks, others are those of the destination.',
  examples: [
    { command: 'gccflow dead-letters ls', description: 'Every sink of the project.' },
    { command: 'gccflow dead-letters ls --select event --json', description: 'One sink, as JSON.' },
  ],
  positionals: [],
  options: {
    ...selectionOptions,
    limit: { type: 'number', value: 'N', description: 'Dead letters looked at in each queue. Default: 10,000.' },
    json,
  },
  async run(values, context) {
    const { openStreams, streamsOf } = await import('../open-streams.ts');
    const { deadLetterQueueOf, summarizeDeadLetters } = await import('../../sink/dead-letters.ts');
    const { formatTable } = await import('../format-table.ts');
    const { output, signal } = context;
    await using streams = await openStreams(values, context);
    const all = streamsOf(streams.opened).sinks;
    const summaries: DeadLetterSummary[] = [];
    for (const node of streams.sinks) {
      const queue = deadLetterQueueOf(node, all);
      summaries.push(await summarizeDeadLetters(queue, { broker: streams.broker, limit: values.limit ?? defaultLimit, signal }));
    }
    if (values.json) output.printJson(summaries.map(toJson));
    else {
      const rows = summaries.flatMap(rowsOf);
      if (rows.length === 0) output.note('There are no dead letters.');
      else output.print(formatTable(columns, rows));
    }
    for (const { queue, ready, lookedAt } of summaries) {
      if (lookedAt < ready)
        output.note(`${queue}: ${lookedAt.toLocaleString('en')} of ${ready.toLocaleString('en')} were looked at; --limit raises that`);
    }
    return exitCode.ok;
  },
});

const left = (title: string) => ({ title, align: 'left' }) as const;
const columns = [
  left('sink'),
  left('queue'),
  left('code'),
  { title: 'count', align: 'right' } as const,
  left('first failed'),
  left('last failed'),
];

function rowsOf({ sink, queue, reasons }: DeadLetterSummary): string[][] {
  return reasons.map(({ code, count, firstFailedAt, lastFailedAt }) => [
    sink,
    queue,
    code,
    count.toLocaleString('en'),
    formatTime(firstFailedAt),
    formatTime(lastFailedAt),
  ]);
}

function formatTime(time: Date | null): string {
  return time === null ? '–' : time.toISOString().replace(/\.\d+Z$/, 'Z');
}

function toJson({ sink, queue, ready, lookedAt, reasons }: DeadLetterSummary) {
  return {
    sink,
    queue,
    ready,
    looked_at: lookedAt,
    reasons: reasons.map(({ code, count, firstFailedAt, lastFailedAt }) => ({
      code,
      count,
      first_failed_at: firstFailedAt,
      last_failed_at: lastFailedAt,
    })),
  };
}
