import { GccflowError } from '../foundation/error.ts';
import { quoteText } from '../foundation/quote.ts';
import { relationSql } from '../manifest/relation.ts';
import type { IntervalWrite, WriteStep } from '../materializations/write-step.ts';
import { type EventTime, insideSql } from './event-time.ts';
import { insertRows } from './insert-rows.ts';
import type { IntervalDeps } from './interval-step.ts';
import { faultOf } from './node-statements.ts';
import { withRetries } from './retry.ts';
import { dropOwn } from './staging-tables.ts';

/** What became of an interval's SELECT. Its rows are in the interval's own table where `error` is null. */
export interface CollectedInterval {
  readonly write: IntervalWrite;
  readonly rows: number;
  readonly error: GccflowError | null;
}

type Step = Extract<WriteStep, { kind: 'intervals' }>;

interface Collecting {
  readonly columns: readonly string[] | null;
  readonly eventTime: EventTime;
}

/** Runs the SELECT of each interval into a table of its own, `threads` at once. One that returns rows outside of its interval has failed. */
export async function collectIntervals(step: Step, collecting: Collecting, deps: IntervalDeps): Promise<CollectedInterval[]> {
  const outcomes = await inParallel(step.intervals, deps.threads, (write) => collect(write, step, collecting, deps));
  const outside = await countOutside(outcomes, collecting.eventTime, deps);
  return outcomes.map((outcome, index) => {
    const rows = outside.get(index) ?? 0;
    return rows === 0 ? outcome : { ...outcome, rows: 0, error: rowsOutside(deps.node.name, rows, collecting.eventTime) };
  });
}

async function collect(
  write: IntervalWrite,
  { table, comment, settings }: Step,
  { columns }: Collecting,
  { statements, retry, signal, node, log }: IntervalDeps,
): Promise<CollectedInterval> {
  const attempt = async (number: number): Promise<number> => {
    if (number > 1) await dropOwn(statements, write.into);
    const create = `create table ${relationSql(write.into)} as ${relationSql(table)} comment ${quoteText(comment, 'clickhouse')}`;
    await statements.execute(create);
    return (await insertRows({ ...write, settings }, columns, statements)).writtenRows;
  };
  try {
    const onRetry = ({ attempt }: { attempt: number }): void =>
      log.warn({ node: node.id, attempt, ...write.interval }, 'interval tried again');
    return { write, rows: await withRetries(attempt, { policy: retry, signal, onRetry }), error: null };
  } catch (thrown) {
    const isRefused = thrown instanceof GccflowError && (faultOf(thrown)?.code ?? null) !== null;
    if (signal.aborted || !isRefused) throw thrown;
    return { write, rows: 0, error: thrown };
  }
}

/** Rows that lie outside of the interval they were selected for, by the number of the outcome. */
async function countOutside(
  outcomes: readonly CollectedInterval[],
  eventTime: EventTime,
  { statements }: IntervalDeps,
): Promise<Map<number, number>> {
  const counts = outcomes.flatMap(({ write, error }, index) => {
    const inside = insideSql([write.interval], eventTime);
    return error === null
      ? [`select ${index} as number, count() as rows from ${relationSql(write.into)} where not ifNull(${inside}, 0)`]
      : [];
  });
  if (counts.length === 0) return new Map();
  const rows = await statements.query<{ number: number; rows: string }>(counts.join('\nunion all\n'));
  return new Map(rows.map((counted) => [counted.number, Number(counted.rows)]));
}

/** Starts no further work after the first rejection, and rejects once none is running. */
async function inParallel<Item, Result>(items: readonly Item[], threads: number, work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const rejected: unknown[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (rejected.length > 0) return;
      try {
        results[index] = await work(item);
      } catch (thrown) {
        rejected.push(thrown);
      }
    }
  };
  await Promise.all(Array.from({ length: threads }, worker));
  if (rejected.length > 0) throw rejected[0];
  return results;
}

function rowsOutside(name: string, rows: number, { column }: EventTime): GccflowError {
  return new GccflowError(
    'EVENT_TIME_INVALID',
    `The SELECT of '${name}' returned ${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'} whose '${column}' lies outside of the interval it was run for, or is NULL.`,
    { hint: `Filter by what becomes '${column}': … >= {{interval_start}} and … < {{interval_end}}.` },
  );
}
