import type { SourceNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import { formatColumns } from './format-columns.ts';
import { formatCriteria } from './format-sources.ts';
import type { NodeWords } from './node-words.ts';

export function formatSource(node: SourceNode, words: NodeWords) {
  const freshness = node.freshness && formatCriteria(node.freshness);
  const loaded = { freshness, loaded_at_field: node.loadedAt, loaded_at_query: node.loadedAtQuery };
  return {
    ...words.common(node),
    ...words.described(node),
    database: '',
    schema: node.relation.database,
    relation_name: relationSql(node.relation),
    source_name: node.sourceName,
    source_description: node.sourceDescription,
    source_meta: {},
    loader: '',
    identifier: node.relation.name,
    quoting: { database: null, schema: null, identifier: null, column: null },
    external: null,
    columns: formatColumns(node.columns),
    ...loaded,
    config: { enabled: true, event_time: null, ...loaded, meta: { ...node.meta }, tags: [...node.tags] },
    unrendered_config: {},
    unrendered_database: null,
    unrendered_schema: null,
    patch_path: null,
    doc_blocks: [],
    created_at: words.createdAt,
  };
}
