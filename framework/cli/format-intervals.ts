import type { ModelNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import { formatPublication } from '../plan/publication.ts';
import type { IntervalReport } from '../run/read-intervals.ts';
import { formatTable } from './format-table.ts';

/** What a model holds of its intervals: stretches of one state, and the partitions that somebody changed. */
export function formatIntervalReport({ name, relation, config }: ModelNode, report: IntervalReport): string {
  const { begin, batch_size, event_time, lookback } = config;
  const live = report.publication === null ? 'not published' : formatPublication(report.publication);
  const head = `${relationSql(relation)}  by ${batch_size} of ${event_time}, from ${begin}, look-back ${lookback}  ${live}`;
  const stretches = joinStates(report).map(({ start, end, count, state }) => [start, end, count.toLocaleString('en'), state]);
  const blocks = [head, formatTable(stretchColumns, stretches)];
  if (report.drift.length > 0) blocks.push(formatDrift(report));
  const broken = report.intervals.filter(({ state }) => state === 'missing' || state === 'drifted').length;
  if (broken > 0) blocks.push(`\`gccflow intervals ${name} --repair\` writes the ${broken} that are missing or drifted anew.`);
  return blocks.join('\n\n');
}

const stretchColumns = [
  { title: 'from', align: 'left' },
  { title: 'to', align: 'left' },
  { title: 'intervals', align: 'right' },
  { title: 'state', align: 'left' },
] as const;

/** Intervals of one state that follow each other, as one. */
export function joinStates({ intervals }: IntervalReport) {
  const joined: { start: string; end: string; count: number; state: string }[] = [];
  for (const { start, end, state } of intervals) {
    const last = joined.at(-1);
    if (last?.state !== state) joined.push({ start, end, count: 1, state });
    else joined[joined.length - 1] = { ...last, end, count: last.count + 1 };
  }
  return joined;
}

function formatDrift({ drift }: IntervalReport): string {
  const rows = drift.map(({ partition, kind, rowsPublished, rows, first, last }) => {
    return [partition, kind, rowsPublished.toLocaleString('en'), rows.toLocaleString('en'), first, last];
  });
  return formatTable(
    [
      { title: 'partition', align: 'left' },
      { title: 'since then', align: 'left' },
      { title: 'rows published', align: 'right' },
      { title: 'rows now', align: 'right' },
      { title: 'first', align: 'left' },
      { title: 'last', align: 'left' },
    ],
    rows,
  );
}
