import { quoteText } from '../foundation/quote.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { stageSettings } from '../materializations/table-clauses.ts';
import type { IntervalWrite, WriteStep } from '../materializations/write-step.ts';
import { type EventTime, insideSql } from './event-time.ts';
import type { NodeStatements } from './node-statements.ts';

type Step = Extract<WriteStep, { kind: 'intervals' }>;

/**
 * Puts the collected rows of intervals in the place of those that the step's table has of them, by rewriting the partitions that hold any of those.
 * Rows of other intervals in these partitions stay; where intervals are whole partitions, or new ones, there are none to copy.
 */
export async function replaceIntervals(
  step: Step,
  writes: readonly IntervalWrite[],
  eventTime: EventTime,
  statements: NodeStatements,
): Promise<void> {
  if (writes.length === 0) return;
  const filled = await statements.query<{ table: string }>(
    `select distinct table from system.parts
where active and rows > 0 and database = {database:String} and table in ({tables:Array(String)})`,
    {},
    { database: step.table.database, tables: writes.map(({ into }) => into.name) },
  );
  const names = new Set(filled.map(({ table }) => table));
  const sources = writes.map(({ into }) => into).filter(({ name }) => names.has(name));
  const inside = insideSql(
    writes.map(({ interval }) => interval),
    eventTime,
  );
  const kept = await dropRows(step, inside, eventTime, statements);
  for (const from of [...kept, ...sources]) {
    await statements.execute(`alter table ${relationSql(step.table)} attach partition all from ${relationSql(from)}`);
  }
}

/** Drops the partitions with rows of the intervals; gives back the table with their other rows, if there are any. */
async function dropRows(
  { table, kept, comment }: Step,
  inside: string,
  eventTime: EventTime,
  statements: NodeStatements,
): Promise<Relation[]> {
  const held = await statements.query<{ partition_id: string }>(
    `select distinct _partition_id as partition_id from ${relationSql(table)} where ${inside}`,
  );
  if (held.length === 0) return [];
  const ids = held.map(({ partition_id }) => quoteText(partition_id, 'clickhouse'));
  const outside = `not ${eventTime.nullable ? `ifNull(${inside}, 0)` : inside}`;
  const staying = `from ${relationSql(table)} where _partition_id in (${ids.join(', ')}) and ${outside}`;
  const [stay] = await statements.query<{ rows: string }>(`select count() as rows ${staying}`);
  if (stay?.rows !== '0') {
    await statements.execute(`create table ${relationSql(kept)} as ${relationSql(table)} comment ${quoteText(comment, 'clickhouse')}`);
    await statements.execute(`insert into ${relationSql(kept)} select * ${staying}`, {
      ...stageSettings,
      max_partitions_per_insert_block: 0,
    });
  }
  const drops = ids.map((id) => `drop partition id ${id}`).join(', ');
  await statements.execute(`alter table ${relationSql(table)} ${drops}`, { max_partition_size_to_drop: 0 });
  return stay?.rows === '0' ? [] : [kept];
}
