import { createHash } from 'node:crypto';
import type { Manifest, Node, NodeId } from '../manifest/manifest.ts';

/** dbt's id of a node: `model.shop.orders`, `source.shop.raw.orders`, `test.shop.not_null_orders_id.1a2b3c4d5e`. */
export function uniqueId(node: Node, { projectName }: Pick<Manifest, 'projectName'>): string {
  const [kind = '', ...rest] = node.id.split('.');
  const id = [kind, projectName, ...rest].join('.');
  if (node.kind !== 'test' || node.testType === 'singular') return id;
  const identity = JSON.stringify([node.name, node.testName, node.attachedTo, node.column, node.arguments]);
  return `${id}.${createHash('md5').update(identity).digest('hex').slice(-10)}`;
}

/** The node that dbt's id means, in a manifest that may no longer hold it. */
export function nodeIdOf(id: string): NodeId {
  const [kind, , ...rest] = id.split('.');
  const name = rest.join('.');
  return `${kind}.${kind === 'test' ? name.replace(/\.[0-9a-f]{10}$/, '') : name}` as NodeId;
}
