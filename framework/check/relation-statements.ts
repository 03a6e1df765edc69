import { quoteName } from '../foundation/quote.ts';
import type { ModelNode } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { alterEmptyTable, tableClauses } from '../materializations/table-clauses.ts';
import type { ModelConfig } from '../project/model-config.ts';
import type { EngineAnswer } from './check-engine.ts';
import type { TypedColumn } from './checked-graph.ts';

/** Our own text before the SELECT in a statement that asks for its columns. */
export const describePrefix = 'describe (\n';

export function describeSelect(sql: string): string {
  return `${describePrefix}${sql}\n)`;
}

/** An empty table of these columns in the place of a relation whose SQL is not there or has a mistake; FINAL and PREWHERE can read it. */
export function createStub(relation: Relation, columns: readonly TypedColumn[]): string {
  const list = columns.map(({ name, type }) => `${quoteName(name, 'clickhouse')} ${type}`).join(', ');
  return `create table ${relationSql(relation)} (${list}) engine = ReplacingMergeTree order by tuple()`;
}

/** An empty relation of the columns that a model's SELECT returns: a table with all it is laid out by, or what a view gives its readers. */
export function createEmpty(node: ModelNode, sql: string, config: ModelConfig = node.config): string {
  const clauses = node.config.materialized === 'view' ? 'engine = Null' : tableClauses(offline(config), '');
  return `create table ${relationSql(node.relation)}\n${clauses}\nempty as\n${sql}`;
}

/** An empty relation of the same columns without any layout. */
export function createBare({ relation }: ModelNode, sql: string): string {
  return `create table ${relationSql(relation)} engine = Null empty as\n${sql}`;
}

/** Statements that lay out an empty table further, and the config key that each comes from. */
export function layoutStatements({ relation, config }: ModelNode): readonly { readonly sql: string; readonly key: keyof ModelConfig }[] {
  if (config.materialized === 'view') return [];
  const of = (key: 'codecs' | 'indexes' | 'projections') => {
    const only = { ...config, codecs: {}, indexes: [], projections: [], [key]: config[key] };
    return alterEmptyTable(relation, only).map(({ sql }) => ({ sql, key }));
  };
  return [...of('codecs'), ...of('indexes'), ...of('projections')];
}

/** The config without what needs other servers: replicas and disks. */
function offline(config: ModelConfig): ModelConfig {
  const { storage_policy: _policy, disk: _disk, ...settings } = config.settings;
  const engine = config.engine
    .replace(/^Replicated(\w*MergeTree)\s*\(\s*'(?:[^'\\]|\\.)*'\s*,\s*'(?:[^'\\]|\\.)*'\s*,?\s*/, '$1(')
    .replace(/^(?:Replicated|Shared)(?=\w*MergeTree)/, '');
  return { ...config, engine, settings };
}

/** The columns of an answer to a DESCRIBE. */
export function describedColumns(answer: EngineAnswer): readonly TypedColumn[] {
  return answer.kind === 'rows' ? answer.rows.map(([name, type]) => ({ name: String(name), type: String(type) })) : [];
}

/** Makes room for another relation of the name. */
export function dropTable({ relation }: ModelNode): string {
  return `drop table if exists ${relationSql(relation)}`;
}
