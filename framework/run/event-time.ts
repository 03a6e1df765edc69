import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import { type Interval, instantSql } from '../manifest/interval.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import type { WriteStep } from '../materializations/materialization.ts';
import { joinIntervals } from '../plan/interval-memory.ts';
import type { TypedColumn } from './match-columns.ts';
import type { NodeStatements } from './node-statements.ts';

export interface EventTime {
  readonly column: string;
  readonly nullable: boolean;
}

/** The column that a model's intervals go by. Throws EVENT_TIME_INVALID where the table has none of the name, or it is no time. */
export async function readEventTime(
  { table, eventTime, batchSize }: Extract<WriteStep, { kind: 'intervals' }>,
  { node, statements }: { readonly node: ModelNode | SeedNode; readonly statements: NodeStatements },
): Promise<EventTime> {
  const columns = await statements.query<TypedColumn>(`describe table ${relationSql(table)}`);
  const type = columns.find(({ name }) => name === eventTime)?.type;
  if (type === undefined) throw invalid(node, `has no column '${eventTime}', which its 'event_time' names`, `Select it, or name another.`);
  const [, family] = /^(?:Nullable\()?(Date|DateTime|DateTime64)\b/.exec(type) ?? [];
  if (family === undefined) {
    throw invalid(
      node,
      `has '${eventTime}' as its 'event_time', whose type is ${type}`,
      'A Date, DateTime or DateTime64 is needed: cast it, e.g. with toDate or toDateTime.',
    );
  }
  if (family === 'Date' && batchSize === 'hour') {
    throw invalid(node, `has '${eventTime}' as its 'event_time', a Date, which knows no hours`, `Use a DateTime, or the batch_size day.`);
  }
  return { column: eventTime, nullable: type.startsWith('Nullable(') };
}

function invalid(node: ModelNode | SeedNode, what: string, hint: string): GccflowError {
  return new GccflowError('EVENT_TIME_INVALID', `The model '${node.name}' ${what}. Nothing of it was published.`, { at: node.at, hint });
}

/** A condition that holds for rows of the intervals, and is NULL where the event time is. */
export function insideSql(intervals: readonly Interval[], { column }: EventTime): string {
  const name = quoteName(column, 'clickhouse');
  const stretches = joinIntervals(intervals).map(({ start, end }) => `(${name} >= ${instantSql(start)} and ${name} < ${instantSql(end)})`);
  return `(${stretches.join(' or ')})`;
}
