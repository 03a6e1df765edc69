import type { Clock } from '../foundation/clock.ts';
import { formatDuration } from '../foundation/duration.ts';
import type { Log } from '../foundation/log.ts';
import type { RunningWorker } from '../scrape/worker/run-worker.ts';
import { type CountsByFlow, type FlowCounts, noCounts } from '../scrape/worker/worker-counts.ts';
import { formatTable, type TableColumn } from './format-table.ts';
import type { Output } from './output.ts';
import { timestamp } from './text-log.ts';

export interface WorkerProgress extends Disposable {
  start(running: RunningWorker): void;
  /** Tells why attempts did not complete, of every flow that has such. */
  tellTroubles(): void;
}

export interface WorkerProgressOptions {
  readonly output: Output;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the worker ends when nothing is left; then it is told that it waits. */
  readonly untilEmpty: boolean;
}

const everyMs = 10_000;
/** Characters of a reason. */
const mostShown = 300;
const outcomes = ['complete', 'retried', 'failed', 'returned', 'lost'] as const satisfies readonly (keyof FlowCounts)[];

/** Every ten seconds a line for each flow that did something in them, with what went wrong last. */
export function openWorkerProgress({ output, clock, log, untilEmpty }: WorkerProgressOptions): WorkerProgress {
  let timer: NodeJS.Timeout | undefined;
  let worker: RunningWorker | null = null;
  let isIdleTold = !untilEmpty;
  const told = new Map<string, FlowCounts>();
  const tell = ({ counts, troubles, running }: RunningWorker, sinceMs: number): void => {
    const underWay = running();
    let isIdle = [...underWay.values()].every((count) => count === 0);
    for (const [flow, now] of counts) {
      const change = difference(now, told.get(flow) ?? noCounts());
      told.set(flow, { ...now });
      if (outcomes.every((outcome) => change[outcome] === 0)) continue;
      isIdle = false;
      const trouble = isTroubled(change) ? (troubles.get(flow) ?? null) : null;
      const perSecond = Math.round(change.complete / (sinceMs / 1000));
      output.note(
        `${timestamp(clock)} ${flow}: ${formatCounts(change)} in ${formatDuration(sinceMs)}, ${perSecond.toLocaleString('en')} a second, ${formatCount(underWay.get(flow) ?? 0)} running${trouble === null ? '' : `; last: ${lineOf(trouble)}`}`,
      );
      const details = { flow, ...change, per_second: perSecond, running: underWay.get(flow) ?? 0 };
      log.info({ ...details, ...(trouble !== null && { trouble }) }, 'attempts ended');
    }
    if (isIdle && !isIdleTold)
      output.note(
        'no task is due; those left wait for their next try: `gccflow tasks ls` shows why, `gccflow tasks retry --status PENDING` lets them wait no more',
      );
    isIdleTold = !untilEmpty || isIdle;
  };
  return {
    start: (running) => {
      worker = running;
      let toldMs = performance.now();
      timer = setInterval(() => {
        const nowMs = performance.now();
        tell(running, nowMs - toldMs);
        toldMs = nowMs;
      }, everyMs);
    },
    tellTroubles: () => {
      for (const [flow, trouble] of worker?.troubles ?? []) output.note(`${flow}, last: ${lineOf(trouble)}`);
      const isFailed = [...(worker?.counts.values() ?? [])].some(({ failed }) => failed > 0);
      if (isFailed) output.note('`gccflow tasks ls --status FAILED` lists what failed, and `gccflow tasks retry --all` queues it again');
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

const columns: readonly TableColumn[] = [
  { title: 'flow', align: 'left' },
  ...outcomes.map((title) => ({ title, align: 'right' }) as const),
];

/** What became of each flow's attempts, as a table of those that had any or as JSON of all, on stdout. */
export function printWorker(counts: CountsByFlow, { output, json }: { output: Output; json: boolean }): void {
  const flows = [...counts];
  if (json) {
    output.printJson(flows.map(([flow, now]) => ({ flow, ...now })));
    return;
  }
  const busy = flows.filter(([, now]) => outcomes.some((outcome) => now[outcome] > 0));
  if (busy.length === 0) output.note('no task was run');
  else
    output.print(
      formatTable(
        columns,
        busy.map(([flow, now]) => [flow, ...outcomes.map((outcome) => formatCount(now[outcome]))]),
      ),
    );
}

function formatCounts(counts: FlowCounts): string {
  return outcomes
    .filter((outcome) => outcome === 'complete' || counts[outcome] > 0)
    .map((outcome) => `${formatCount(counts[outcome])} ${outcome}`)
    .join(', ');
}

function isTroubled({ retried, failed, returned }: FlowCounts): boolean {
  return retried + failed + returned > 0;
}

/** The beginning of a text, in one line. */
function lineOf(text: string): string {
  const flat = text.replaceAll(/[\p{Cc}\s]+/gu, ' ');
  return flat.length > mostShown ? `${flat.slice(0, mostShown)}…` : flat;
}

function formatCount(count: number): string {
  return count.toLocaleString('en');
}

function difference(now: FlowCounts, before: FlowCounts): FlowCounts {
  const change = noCounts();
  for (const outcome of outcomes) change[outcome] = now[outcome] - before[outcome];
  return change;
}
