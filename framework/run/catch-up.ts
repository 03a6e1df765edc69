import { setTimeout as sleep } from 'node:timers/promises';
import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import { cutOver, partition } from '../materializations/catch-up.ts';
import { findWatermarkFault } from '../materializations/required-columns.ts';
import type { WriteStep } from '../materializations/write-step.ts';
import type { NodeStatements } from './node-statements.ts';
import { dropUsed } from './staging-tables.ts';

type Step = Extract<WriteStep, { kind: 'catch_up' }>;

interface CatchUpDeps {
  readonly node: ModelNode | SeedNode;
  readonly statements: NodeStatements;
  readonly signal: AbortSignal;
}

/**
 * Begins a materialized view so that it has every row once: the trigger, there before the cut-over, sees rows whose watermark is not before
 * it; when `delayMs` has passed since, those before it are read, partition by partition; then the trigger sees every row. Gives back the rows read.
 *
 * Holds for rows that are there not later than `delayMs` after their watermark and not before it. Throws WATERMARK_BROKEN where a row was
 * seen that is not so; what comes later still, after the trigger was let see every row, is in the view like any other.
 */
export async function catchUp(step: Step, deps: CatchUpDeps): Promise<number> {
  const { statements, signal } = deps;
  await requireWatermark(step, deps);
  const at = await startTrigger(step, deps);
  await requireFed(step, deps);
  await sleep(step.delayMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  const before = await countBefore(step, at, statements);
  let rows = 0;
  for (const each of await partitionsOf(step, at, statements)) {
    const fill = step.fill.replaceAll(cutOver, at).replaceAll(partition, () => each);
    rows += (await statements.execute(fill, step.settings)).writtenRows;
  }
  await statements.execute(step.release);
  const late = (await countBefore(step, at, statements)) - before;
  if (late > 0) throw broken(deps, `${rowsOf(late)} came later after their '${step.watermark}' than its 'watermark_delay' permits`);
  return rows;
}

async function requireWatermark(step: Step, { node, statements }: CatchUpDeps): Promise<void> {
  const columns = await statements.query<{ name: string; type: string }>(`describe table ${relationSql(step.source)}`);
  const what = findWatermarkFault(step.watermark, columns);
  if (what === null) return;
  const message = `The 'watermark' of '${node.name}' is a column of ${relationSql(step.source)}, and '${step.watermark}' ${what}. Nothing was written.`;
  throw new GccflowError('CONFIG_CONFLICT', message, { at: node.at });
}

/**
 * Makes the trigger, and gives back the cut-over as SQL when it is past: a second that began after the trigger was there, and after the
 * inserts had ended that began before the trigger was: it is not shown what they insert.
 */
async function startTrigger(step: Step, deps: CatchUpDeps): Promise<string> {
  const { statements, signal } = deps;
  for (let lead = 2; lead <= longestLead; lead *= 2) {
    const [clock] = await statements.query<{ second: string }>(`select toString(toUnixTimestamp(now()) + ${lead}) as second`);
    const at = `toDateTime(${clock?.second}, 'UTC')`;
    const ahead = await countWhere(step, `>= ${at}`, statements);
    if (ahead > 0)
      throw broken(deps, `${rowsOf(ahead)} of its source say by '${step.watermark}' that they will be inserted later than now`);
    await statements.execute(step.start.replaceAll(cutOver, at));
    const [made] = await statements.query<{ ms: string }>('select toString(toUnixTimestamp64Milli(now64(3))) as ms');
    const waitMs = await millisecondsUntil(at, statements);
    await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    if (waitMs > 0 && (await countInsertsSince(step, Number(made?.ms), statements)) === 0) return at;
    await dropUsed(statements, step.trigger);
  }
  throw broken(deps, `one insert into its source went on for longer than ${longestLead / 2} seconds`);
}

const longestLead = 512;

/** Inserts into the source that go on now and began before a moment; without the builds of other models that read the source. */
async function countInsertsSince({ source }: Step, beganBeforeMs: number, statements: NodeStatements): Promise<number> {
  const sql = `select count() as inserts from system.processes
where query_kind in ('Insert', 'AsyncInsertFlush') and position(query, {name:String}) > 0 and position(query, '"node":"') = 0
  and toUnixTimestamp64Milli(now64(3)) - elapsed * 1000 <= ${beganBeforeMs}`;
  return Number((await statements.query<{ inserts: string }>(sql, {}, { name: source.name }))[0]?.inserts);
}

/** ClickHouse shows a view what is inserted into the first table of its FROM, whatever the file names first. */
async function requireFed({ source, trigger }: Step, { node, statements }: CatchUpDeps): Promise<void> {
  const [fed] = await statements.query(
    `select 1 from system.tables
where database = {database:String} and name = {name:String}
  and has(arrayZip(dependencies_database, dependencies_table), tuple({triggerDatabase:String}, {trigger:String}))`,
    {},
    { ...source, triggerDatabase: trigger.database, trigger: trigger.name },
  );
  if (fed) return;
  const message = `ClickHouse would show '${node.name}' what is inserted into another table than ${relationSql(source)}, the source its SELECT names first. Nothing was published.`;
  throw new GccflowError('CONFIG_CONFLICT', message, { at: node.at, hint: 'Let the FROM of the SELECT begin with that source.' });
}

/** A condition for each partition of the source that has rows from before the cut-over; one for all where it has no partitions. */
async function partitionsOf({ source, watermark }: Step, at: string, statements: NodeStatements): Promise<string[]> {
  const [table] = await statements.query<{ engine: string }>(
    'select engine from system.tables where database = {database:String} and name = {name:String}',
    {},
    { ...source },
  );
  if (!table?.engine.endsWith('MergeTree')) return ['true'];
  const sql = `select distinct _partition_id as id from ${relationSql(source)} where ${quoteName(watermark, 'clickhouse')} < ${at} order by id`;
  return (await statements.query<{ id: string }>(sql)).map(({ id }) => `_partition_id = '${id}'`);
}

function countBefore(step: Step, at: string, statements: NodeStatements): Promise<number> {
  return countWhere(step, `< ${at}`, statements);
}

async function countWhere({ source, watermark }: Step, comparison: string, statements: NodeStatements): Promise<number> {
  const sql = `select count() as rows from ${relationSql(source)} where ${quoteName(watermark, 'clickhouse')} ${comparison}`;
  return Number((await statements.query<{ rows: string }>(sql))[0]?.rows);
}

/** By the server's clock; 0 where the moment has passed. */
async function millisecondsUntil(at: string, statements: NodeStatements): Promise<number> {
  const sql = `select toString(greatest(0, toUnixTimestamp(${at}) * 1000 - toUnixTimestamp64Milli(now64(3)))) as ms`;
  return Number((await statements.query<{ ms: string }>(sql))[0]?.ms);
}

function rowsOf(count: number): string {
  return count === 1 ? '1 row' : `${count.toLocaleString('en')} rows`;
}

function broken({ node }: CatchUpDeps, what: string): GccflowError {
  return new GccflowError('WATERMARK_BROKEN', `'${node.name}' could miss or double rows: ${what}. Nothing was published.`, {
    at: node.at,
    hint: `Name a column that ClickHouse fills by DEFAULT now(), raise 'watermark_delay', or set catchup="none".`,
  });
}
