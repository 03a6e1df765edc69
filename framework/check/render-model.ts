import type { Manifest, ModelNode } from '../manifest/manifest.ts';
import { renderSql } from '../manifest/render-sql.ts';
import type { EngineStatement } from './check-engine.ts';
import { createEmpty, describeSelect } from './relation-statements.ts';

/** A model's SQL and what the engine is to run of it. */
export interface RenderedModel {
  readonly node: ModelNode;
  readonly sql: string;
  /** What an incremental run would run, where that is something else. */
  readonly incrementalSql: string | null;
  /** No relation of its own: its SQL stands in those who read it. */
  readonly isInline: boolean;
  /** First the relation, made empty; then the columns of the incremental SQL, where there is one. */
  readonly statements: readonly EngineStatement[];
}

/** Renders a model both ways. `asTable`: its table must be one of its own engine. Throws RENDER_FAILED. */
export function renderModel(manifest: Manifest, node: ModelNode, asTable = false): RenderedModel {
  const sql = renderSql(manifest, node, { incremental: false });
  const second = node.config.materialized === 'incremental' ? renderSql(manifest, node, { incremental: true }) : sql;
  const incrementalSql = second === sql ? null : second;
  const isInline = node.config.materialized === 'ephemeral';
  const settings = node.config.query_settings;
  const create = createEmpty(node, sql, asTable);
  const statements: EngineStatement[] = [
    isInline ? { sql: describeSelect(sql), settings } : { sql: create, keep: create, settings },
    ...(incrementalSql === null ? [] : [{ sql: describeSelect(incrementalSql), settings }]),
  ];
  return { node, sql, incrementalSql, isInline, statements };
}
