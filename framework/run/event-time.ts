import { quoteName } from '../foundation/quote.ts';
import { type Interval, instantSql } from '../manifest/interval.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import type { WriteStep } from '../materializations/write-step.ts';
import { eventTimeFault } from '../plan/interval-faults.ts';
import { joinIntervals } from '../plan/interval-memory.ts';
import type { TypedColumn } from './match-columns.ts';
import type { NodeStatements } from './node-statements.ts';

export interface EventTime {
  readonly column: string;
  readonly nullable: boolean;
}

/** The column that a model's intervals go by. Throws EVENT_TIME_INVALID where the table has none of the name, or it is no time. */
export async function readEventTime(
  { table, eventTime }: Extract<WriteStep, { kind: 'intervals' }>,
  { node, statements }: { readonly node: ModelNode | SeedNode; readonly statements: NodeStatements },
): Promise<EventTime> {
  const columns = await statements.query<TypedColumn>(`describe table ${relationSql(table)}`);
  const fault = node.kind === 'model' ? eventTimeFault(node, columns) : null;
  if (fault) throw fault;
  const type = columns.find(({ name }) => name === eventTime)?.type ?? '';
  return { column: eventTime, nullable: type.startsWith('Nullable(') };
}

/** A condition that holds for rows of the intervals, and is NULL where the event time is. */
export function insideSql(intervals: readonly Interval[], { column }: EventTime): string {
  const name = quoteName(column, 'clickhouse');
  const stretches = joinIntervals(intervals).map(({ start, end }) => `(${name} >= ${instantSql(start)} and ${name} < ${instantSql(end)})`);
  return `(${stretches.join(' or ')})`;
}
