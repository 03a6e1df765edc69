import { quoteText } from '../foundation/quote.ts';
import { relationSql } from '../manifest/relation.ts';
import type { IntervalWrite, WriteStep } from '../materializations/materialization.ts';
import { stageSettings } from '../materializations/table-clauses.ts';
import { type EventTime, insideSql } from './event-time.ts';
import type { NodeStatements } from './node-statements.ts';

/**
 * Puts the collected rows of intervals in the place of those that the step's table has of them, by rewriting the partitions that hold some, before
 * or after. Rows of other intervals in these partitions stay; where intervals are whole partitions there are none, and none is copied.
 */
export async function replaceIntervals(
  { table, kept, comment }: Extract<WriteStep, { kind: 'intervals' }>,
  writes: readonly IntervalWrite[],
  eventTime: EventTime,
  statements: NodeStatements,
): Promise<void> {
  if (writes.length === 0) return;
  const intervals = writes.map(({ interval }) => interval);
  const inside = insideSql(intervals, eventTime);
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
  const outside = `not ${eventTime.nullable ? `ifNull(${inside}, 0)` : inside}`;
  const staying = `from ${relationSql(table)} where _partition_id in (${ids.join(', ')}) and ${outside}`;
  const [stay] = await statements.query<{ rows: string }>(`select count() as rows ${staying}`);
  const sources = new Set(filled.map((part) => part.table));
  const attached = writes.filter(({ into }) => sources.has(into.name)).map(({ into }) => into);
  if (stay?.rows !== '0') {
    await statements.execute(`create table ${relationSql(kept)} as ${relationSql(table)} comment ${quoteText(comment, 'clickhouse')}`);
    await statements.execute(`insert into ${relationSql(kept)} select * ${staying}`, {
      ...stageSettings,
      max_partitions_per_insert_block: 0,
    });
    attached.push(kept);
  }
  const drops = ids.map((id) => `drop partition id ${id}`).join(', ');
  await statements.execute(`alter table ${relationSql(table)} ${drops}`, { max_partition_size_to_drop: 0 });
  for (const from of attached) await statements.execute(`alter table ${relationSql(table)} attach partition all from ${relationSql(from)}`);
}
