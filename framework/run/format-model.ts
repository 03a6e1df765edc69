import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import { formatColumns, formatConstraints } from './format-columns.ts';
import { formatConfig, formatContract, unrenderedConfig } from './format-config.ts';
import type { NodeWords } from './node-words.ts';

export function formatModel(node: ModelNode, words: NodeWords) {
  return {
    ...words.parsed(node),
    ...words.compiled(node),
    ...formatBuilt(node, words),
    relation_name: node.config.materialized === 'ephemeral' ? null : relationSql(node.relation),
    contract: formatContract(node),
    constraints: formatConstraints(node.constraints),
    access: 'protected',
    version: null,
    latest_version: null,
    deprecation_date: null,
    primary_key: [],
    time_spine: null,
  };
}

export function formatSeed(node: SeedNode, words: NodeWords) {
  return {
    ...words.parsed(node),
    ...formatBuilt(node, words),
    raw_code: '',
    checksum: { name: 'sha256', checksum: node.contentHash },
    root_path: null,
    depends_on: { macros: [] },
  };
}

/** What models and seeds share: a relation, config, columns. */
function formatBuilt(node: ModelNode | SeedNode, words: NodeWords) {
  return {
    database: '',
    schema: node.relation.database,
    alias: node.relation.name,
    relation_name: relationSql(node.relation),
    config: formatConfig(node),
    unrendered_config: unrenderedConfig(node),
    columns: formatColumns(node.columns),
    patch_path: words.patchPath(node.propertiesFile),
  };
}
