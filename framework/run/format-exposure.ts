import type { ModelNode, Node, SeedNode, SourceNode, TestNode, UnitTestNode } from '../manifest/manifest.ts';
import type { NodeWords } from './node-words.ts';

/** Exposures, and nodes that dbt has no word for. */
export type ShownAsExposure = Exclude<Node, ModelNode | SeedNode | TestNode | SourceNode | UnitTestNode>;

const kinds: ReadonlySet<Node['kind']> = new Set<ShownAsExposure['kind']>([
  'exposure',
  'sync',
  'sink',
  'ingest',
  'api',
  'flow',
  'schedule',
]);

export function isShownAsExposure(node: Node): node is ShownAsExposure {
  return kinds.has(node.kind);
}

export function formatExposure(node: ShownAsExposure, words: NodeWords) {
  return {
    ...words.common(node),
    ...words.described(node),
    resource_type: 'exposure',
    ...formatOwner(node, words),
    label: null,
    maturity: null,
    config: { enabled: true, tags: [...node.tags], meta: { ...node.meta } },
    unrendered_config: {},
    depends_on: { macros: [], nodes: words.parentsOf(node) },
    refs: [],
    sources: [],
    metrics: [],
    created_at: words.createdAt,
  };
}

function formatOwner(node: ShownAsExposure, { manifest }: NodeWords) {
  if (node.kind !== 'exposure') return { type: 'application', owner: { name: manifest.projectName, email: null }, url: null };
  return { type: node.type, owner: { name: node.owner, email: node.ownerEmail }, url: node.url };
}
