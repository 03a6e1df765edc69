import type { Manifest, ModelNode } from '../manifest/manifest.ts';
import { renderSql } from '../manifest/render-sql.ts';
import type { EngineStatement } from './check-engine.ts';
import { type OfflineSql, offlineSql } from './offline-sql.ts';
import { createEmpty, describeSelect } from './relation-statements.ts';

/** What the engine is asked of a model: to make it, how it would run it, and what an incremental run would return. */
export type ModelStep = 'create' | 'plan' | 'describe incremental';

/** A model's SQL and what the engine is to run of it. */
export interface RenderedModel {
  readonly node: ModelNode;
  readonly sql: string;
  /** What an incremental run would run, where that is something else. */
  readonly incrementalSql: string | null;
  /** Its SELECT is described and no table made of it: it has none, or one of other columns or of another kind. */
  readonly isDescribed: boolean;
  /** Its table must be one of its own engine. */
  readonly asTable: boolean;
  /** What keeps it from being checked: a call of what is outside of the engine. */
  readonly asks: OfflineSql['asks'];
  readonly steps: readonly ModelStep[];
  /** One for each step. */
  readonly statements: readonly EngineStatement[];
}

/** Types of the two sides of a join are compared only when ClickHouse decides how to run it. */
const joins = /\bjoin\b[\s\S]*\bon\b/i;

/** Renders a model both ways. Throws RENDER_FAILED. */
export function renderModel(manifest: Manifest, node: ModelNode, asTable = false): RenderedModel {
  const { sql, asks } = offlineSql(renderSql(manifest, node, { incremental: false }));
  const second = node.config.materialized === 'incremental' ? offlineSql(renderSql(manifest, node, { incremental: true })).sql : sql;
  const incrementalSql = second === sql ? null : second;
  const isDescribed = ['ephemeral', 'snapshot', 'dictionary'].includes(node.config.materialized);
  const settings = node.config.query_settings;
  const create = createEmpty(node, sql, asTable);
  const asked: readonly (readonly [ModelStep, EngineStatement])[] = [
    ['create', isDescribed ? { sql: describeSelect(sql), settings } : { sql: create, keep: create, settings }],
    ...(joins.test(sql) ? [['plan', { sql: `explain plan\n${sql}`, settings }] as const] : []),
    ...(incrementalSql === null ? [] : [['describe incremental', { sql: describeSelect(incrementalSql), settings }] as const]),
  ];
  return {
    node,
    sql,
    incrementalSql,
    isDescribed,
    asTable,
    asks,
    steps: asked.map(([step]) => step),
    statements: asked.map(([, statement]) => statement),
  };
}
