import type { TestNode } from '../manifest/manifest.ts';
import { stagingDatabase } from '../plan/publication.ts';
import { formatTestConfig, unrenderedTestConfig } from './format-config.ts';
import type { NodeWords } from './node-words.ts';

export function formatTest(node: TestNode, words: NodeWords) {
  return {
    ...words.parsed(node),
    ...words.compiled(node),
    database: '',
    schema: stagingDatabase,
    alias: node.name,
    relation_name: null,
    config: formatTestConfig(node),
    unrendered_config: unrenderedTestConfig(node),
    columns: {},
    patch_path: null,
    contract: { enforced: false, alias_types: true, checksum: null },
    ...(node.testType === 'generic' && formatGeneric(node, words)),
  };
}

function formatGeneric({ name, testName, attachedTo, column, arguments: args }: TestNode, words: NodeWords) {
  const owner = attachedTo && words.manifest.nodes.get(attachedTo);
  return {
    path: `${name}.sql`,
    test_metadata: { name: testName, kwargs: { ...args, column_name: column, model: owner?.name ?? null }, namespace: null },
    attached_node: attachedTo && words.idOf(attachedTo),
    column_name: column,
    file_key_name: `${owner?.kind ?? 'model'}s.${owner?.name ?? ''}`,
  };
}
