import { GccflowError } from '../foundation/error.ts';
import { quoteName, quoteText } from '../foundation/quote.ts';
import { type Interval, instantSql } from '../manifest/interval.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import type { IntervalWrite, WriteStep } from '../materializations/materialization.ts';
import { stageSettings } from '../materializations/table-clauses.ts';
import { joinIntervals } from '../plan/interval-memory.ts';
import { type EventTime, readEventTime } from './event-time.ts';
import { insertRows } from './insert-rows.ts';
import { faultOf, type NodeStatements } from './node-statements.ts';
import { withRetries } from './retry.ts';
import type { RetryPolicy } from './run-deps.ts';
import { dropOwn } from './staging-tables.ts';

export interface IntervalDeps {
  readonly node: ModelNode | SeedNode;
  readonly statements: NodeStatements;
  /** SELECTs at once. */
  readonly threads: number;
  readonly retry: RetryPolicy;
  readonly signal: AbortSignal;
}

export interface IntervalFailure {
  readonly interval: Interval;
  readonly error: GccflowError;
}

export interface IntervalsDone {
  readonly rows: number;
  readonly written: readonly Interval[];
  /** Left as they were. */
  readonly failed: readonly IntervalFailure[];
}

type Step = Extract<WriteStep, { kind: 'intervals' }>;

/**
 * Collects the rows of each interval in a table of its own, several at once, then puts those that came whole in the place of what the step's table has
 * of them. Throws EVENT_TIME_INVALID where the model has no such column, and what is no fault of one interval: an abort, a server that is away.
 */
export async function writeIntervals(step: Step, columns: readonly string[] | null, deps: IntervalDeps): Promise<IntervalsDone> {
  const { statements } = deps;
  const eventTime = await readEventTime(step, deps);
  const outcomes = await inParallel(step.intervals, deps.threads, (write) => collect(write, { step, columns, eventTime }, deps));
  const collected = outcomes.filter((outcome) => outcome.error === null);
  await replaceRows(step, collected.map(({ write }) => write), eventTime, statements);
  await dropOwn(statements, ...step.intervals.map(({ into }) => into), step.kept);
  return {
    rows: collected.reduce((sum, { rows }) => sum + rows, 0),
    written: collected.map(({ write }) => write.interval),
    failed: outcomes.flatMap(({ write, error }) => (error === null ? [] : [{ interval: write.interval, error }])),
  };
}

interface Collecting {
  readonly step: Step;
  readonly columns: readonly string[] | null;
  readonly eventTime: EventTime;
}

interface Collected {
  readonly write: IntervalWrite;
  readonly rows: number;
  readonly error: GccflowError | null;
}

async function collect(write: IntervalWrite, collecting: Collecting, { statements, retry, signal, node }: IntervalDeps): Promise<Collected> {
  const { step, columns, eventTime } = collecting;
  const into = relationSql(write.into);
  const attempt = async (number: number): Promise<number> => {
    if (number > 1) await dropOwn(statements, write.into);
    await statements.execute(`create table ${into} as ${relationSql(step.table)} comment ${quoteText(step.comment, 'clickhouse')}`);
    const { writtenRows } = await insertRows({ ...write, settings: step.settings }, columns, statements);
    const [outside] = await statements.query<{ rows: string }>(
      `select count() as rows from ${into} where not ifNull(${insideSql([write.interval], eventTime)}, 0)`,
    );
    if (outside?.rows !== '0') throw rowsOutside(node.name, Number(outside?.rows), eventTime);
    return writtenRows;
  };
  try {
    return { write, rows: await withRetries(attempt, { policy: retry, signal, onRetry: () => {} }), error: null };
  } catch (thrown) {
    const isOfInterval = thrown instanceof GccflowError && (faultOf(thrown)?.code ?? null) !== null;
    if (signal.aborted || !(isOfInterval || isOutside(thrown))) throw thrown;
    return { write, rows: 0, error: thrown as GccflowError };
  }
}

/** Rewrites the partitions that hold rows of the intervals, before or after; nothing of the other intervals in them changes. */
async function replaceRows(
  { table, kept, comment }: Step,
  writes: readonly IntervalWrite[],
  eventTime: EventTime,
  statements: NodeStatements,
): Promise<void> {
  if (writes.length === 0) return;
  const inside = insideSql(writes.map(({ interval }) => interval), eventTime);
  const filled = await statements.query<{ table: string; partition_id: string }>(
    `select distinct table, partition_id from system.parts
where active and rows > 0 and database = {database:String} and table in ({tables:Array(String)}) order by all`,
    {},
    { database: table.database, tables: writes.map(({ into }) => into.name) },
  );
  const emptied = await statements.query<{ partition_id: string }>(
    `select distinct _partition_id as partition_id from ${relationSql(table)} where ${inside}`,
  );
  const partitions = [...new Set([...filled, ...emptied].map(({ partition_id }) => partition_id))];
  if (partitions.length === 0) return;

  const ids = partitions.map((id) => quoteText(id, 'clickhouse'));
  const staying = `from ${relationSql(table)} where _partition_id in (${ids.join(', ')}) and not ${eventTime.nullable ? `ifNull(${inside}, 0)` : inside}`;
  const [stay] = await statements.query<{ rows: string }>(`select count() as rows ${staying}`);
  const sources = new Set(filled.map((part) => part.table));
  const attached = writes.filter(({ into }) => sources.has(into.name)).map(({ into }) => into);
  if (stay?.rows !== '0') {
    await statements.execute(`create table ${relationSql(kept)} as ${relationSql(table)} comment ${quoteText(comment, 'clickhouse')}`);
    await statements.execute(`insert into ${relationSql(kept)} select * ${staying}`, { ...stageSettings, max_partitions_per_insert_block: 0 });
    attached.push(kept);
  }
  const drops = ids.map((id) => `drop partition id ${id}`).join(', ');
  await statements.execute(`alter table ${relationSql(table)} ${drops}`, { max_partition_size_to_drop: 0 });
  for (const from of attached) await statements.execute(`alter table ${relationSql(table)} attach partition all from ${relationSql(from)}`);
}

function insideSql(intervals: readonly Interval[], { column }: EventTime): string {
  const name = quoteName(column, 'clickhouse');
  const stretches = joinIntervals(intervals).map(({ start, end }) => `(${name} >= ${instantSql(start)} and ${name} < ${instantSql(end)})`);
  return `(${stretches.join(' or ')})`;
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

function isOutside(thrown: unknown): boolean {
  return thrown instanceof GccflowError && thrown.code === 'EVENT_TIME_INVALID';
}

function rowsOutside(name: string, rows: number, { column }: EventTime): GccflowError {
  return new GccflowError(
    'EVENT_TIME_INVALID',
    `The SELECT of '${name}' returned ${rows.toLocaleString('en')} rows whose '${column}' lies outside of the interval it was run for, or is NULL.`,
    { hint: `Filter by what becomes '${column}': … >= {{interval_start}} and … < {{interval_end}}.` },
  );
}
