import { quoteText } from '../../foundation/quote.ts';
import type { ModelNode, SeedNode, SourceNode } from '../../manifest/manifest.ts';
import { type Relation, relationSql } from '../../manifest/relation.ts';
import { dictionarySql, keyOfDictionary } from '../../materializations/dictionary-sql.ts';
import type { EngineStatement } from '../check-engine.ts';
import type { TypedColumn } from '../checked-graph.ts';
import { columnList, insertRows, type SeedRows, selectRows, type WrittenRows } from './rows-source.ts';

/** What makes a relation of rows, and what fills it; a view needs no filling. */
export interface InputStatements {
  readonly create: readonly EngineStatement[];
  readonly fill: EngineStatement | null;
}

/** Types of which a view can have columns and a table cannot. */
const onlyInViews = /\b(?:Nothing|Interval[A-Z]\w*)\b/;

/**
 * A table of the rows that a test lists, which is read in half the time of a view. Other rows, those of a dictionary and columns that no table
 * can have stand in a view.
 */
export function inputStatements(
  node: SourceNode | SeedNode | ModelNode,
  relation: Relation,
  rows: WrittenRows | SeedRows,
  columns: readonly TypedColumn[],
  asView: boolean,
): InputStatements {
  const list = columnList(columns);
  const settings = /LowCardinality\((?!Nullable\(String|String)/.test(list) ? { allow_suspicious_low_cardinality_types: 1 } : {};
  const isDictionary = node.kind === 'model' && node.config.materialized === 'dictionary';
  if (!isDictionary && !asView && rows.format === 'dict' && !onlyInViews.test(list)) {
    const table = relationSql(relation);
    const create = { sql: `create table ${table} (${list}) engine = Memory`, settings };
    return { create: [create], fill: rows.rows.length === 0 ? null : { sql: insertRows(table, rows.rows) } };
  }
  const view = isDictionary ? { ...relation, name: `${relation.name}__rows` } : relation;
  const create = { sql: `create view ${relationSql(view)} (${list}) as ${selectRows(rows, columns)}`, settings };
  if (!isDictionary) return { create: [create], fill: null };
  const source = `clickhouse(db ${quoteText(view.database, 'clickhouse')} table ${quoteText(view.name, 'clickhouse')})`;
  const { layout } = node.config;
  const definition = { relation, primaryKey: keyOfDictionary(node.config), layout, source, lifetimeMs: null, comment: '' };
  return { create: [create, { sql: dictionarySql(definition, columns) }], fill: null };
}
