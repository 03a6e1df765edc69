import { quoteName, quoteText } from '../foundation/quote.ts';
import type { ModelNode } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { tableClauses } from '../materializations/table-clauses.ts';
import type { EngineAnswer } from './check-engine.ts';
import type { TypedColumn } from './checked-graph.ts';
import { offline } from './offline-config.ts';
import { isUnknown } from './unknown-type.ts';

/** Our own text before the SELECT in a statement that asks for its columns. */
export const describePrefix = 'describe (\n';

export function describeSelect(sql: string): string {
  return `${describePrefix}${sql}\n)`;
}

/** What FINAL and PREWHERE can read, which views can be read with too. */
const readable = 'engine = ReplacingMergeTree order by tuple()';

/**
 * An empty table of these columns in the place of a relation whose SQL is not there, is known already, or has a mistake.
 * `asTable`: one that FINAL and PREWHERE can read.
 */
export function createStub(relation: Relation, columns: readonly TypedColumn[], asTable = true): string {
  const list = columns.map(({ name, type }) => `${quoteName(name, 'clickhouse')} ${type}`).join(', ');
  return `create table if not exists ${relationSql(relation)} (${list}) ${asTable ? readableBy(columns) : 'engine = Null'}`;
}

/** A view of no rows in the place of a relation with columns that no table can have. */
export function createStandIn(relation: Relation, columns: readonly TypedColumn[]): string {
  const known = columns.filter((column) => !isUnknown(column));
  const list = columns.map((column) => {
    const name = quoteName(column.name, 'clickhouse');
    return isUnknown(column) ? `materialize(null) as ${name}` : name;
  });
  const structure = known.map(({ name, type }) => `${quoteName(name, 'clickhouse')} ${type}`).join(', ');
  const from = known.length === 0 ? '' : ` from null(${quoteText(structure, 'clickhouse')})`;
  return `create view if not exists ${relationSql(relation)} as select ${list.join(', ')}${from}`;
}

/** With a key to sample by, where a column can be one. */
function readableBy(columns: readonly TypedColumn[]): string {
  const column = columns.find(({ type }) => /^(?:U?Int\d+|String|Date\w*|UUID)\b/.test(type));
  if (!column) return readable;
  const key = `cityHash64(${quoteName(column.name, 'clickhouse')})`;
  return `engine = ReplacingMergeTree order by ${key} sample by ${key}`;
}

/** An empty table of the columns that a model's SELECT returns. `asTable`: one of its own engine, for readers that ask for what it can. */
export function createEmpty({ relation, config }: ModelNode, sql: string, asTable: boolean): string {
  const table = config.materialized === 'view' ? readable : tableClauses(offline(config), '');
  return `create table ${relationSql(relation)}\n${asTable ? table : 'engine = Null'}\nempty as\n${sql}`;
}

/** A view, which may have columns of types that no table can hold. */
export function createView(relation: Relation, sql: string): string {
  return `create view ${relationSql(relation)} as\n${sql}`;
}

/** The columns of an answer to a DESCRIBE. */
export function describedColumns(answer: EngineAnswer): readonly TypedColumn[] {
  return answer.kind === 'rows' ? answer.rows.map(([name, type]) => ({ name: String(name), type: String(type) })) : [];
}

/** Makes room for another relation of the name. */
export function dropTable({ relation }: { readonly relation: Relation }): string {
  return `drop table if exists ${relationSql(relation)}`;
}
