import type { Clock } from '../foundation/clock.ts';
import { formatDuration } from '../foundation/duration.ts';
import type { Log } from '../foundation/log.ts';
import type { SinkNode } from '../manifest/manifest.ts';
import { noCounts, type SinkCounts } from '../sink/sink-counts.ts';
import { formatTable, type TableColumn } from './format-table.ts';
import type { Output } from './output.ts';
import { timestamp } from './text-log.ts';

export type CountsBySink = ReadonlyMap<SinkNode, Readonly<SinkCounts>>;

export interface SinkProgress extends Disposable {
  start(counts: CountsBySink): void;
}

const everyMs = 10_000;

/** Every ten seconds a line for each sink that did something in them. */
export function openSinkProgress({ output, clock, log }: { output: Output; clock: Clock; log: Log }): SinkProgress {
  let timer: NodeJS.Timeout | undefined;
  const told = new Map<SinkNode, SinkCounts>();
  const tell = (counts: CountsBySink, sinceMs: number): void => {
    for (const [node, now] of counts) {
      const change = difference(now, told.get(node) ?? noCounts());
      told.set(node, { ...now });
      if (Object.values(change).every((count) => count === 0)) continue;
      const perSecond = Math.round(change.stored / (sinceMs / 1000));
      output.note(
        `${timestamp(clock)} ${node.name}: ${formatCounts(change)} in ${formatDuration(sinceMs)}, ${perSecond.toLocaleString('en')} a second`,
      );
      log.info({ sink: node.name, ...fieldsOf(change), per_second: perSecond }, 'deliveries settled');
    }
  };
  return {
    start: (counts) => {
      let toldMs = performance.now();
      timer = setInterval(() => {
        const nowMs = performance.now();
        tell(counts, nowMs - toldMs);
        toldMs = nowMs;
      }, everyMs);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

const columns: readonly TableColumn[] = [
  { title: 'sink', align: 'left' },
  ...['stored', 'put off', 'dead-lettered', 'repeats'].map((title) => ({ title, align: 'right' }) as const),
];

/** What became of each sink's deliveries, as a table or as JSON, on stdout. */
export function printSinks(counts: CountsBySink, { output, json }: { output: Output; json: boolean }): void {
  if (json) output.printJson([...counts].map(([node, now]) => ({ sink: node.name, ...fieldsOf(now) })));
  else
    output.print(
      formatTable(
        columns,
        [...counts].map(([node, now]) => [node.name, ...Object.values(fieldsOf(now)).map(formatCount)]),
      ),
    );
}

function formatCount(count: number): string {
  return count.toLocaleString('en');
}

function formatCounts({ stored, repeats, retried, deadLettered }: SinkCounts): string {
  const numbered = (count: number, what: string): string => `${formatCount(count)} ${what}`;
  return [
    numbered(stored, 'stored'),
    numbered(retried, 'put off'),
    numbered(deadLettered, 'dead-lettered'),
    numbered(repeats, 'repeats skipped'),
  ].join(', ');
}

function fieldsOf({ stored, retried, deadLettered, repeats }: SinkCounts) {
  return { stored, retried, dead_lettered: deadLettered, repeats };
}

function difference(now: SinkCounts, before: SinkCounts): SinkCounts {
  return {
    stored: now.stored - before.stored,
    retried: now.retried - before.retried,
    deadLettered: now.deadLettered - before.deadLettered,
    repeats: now.repeats - before.repeats,
  };
}
