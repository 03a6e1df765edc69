import { createHash } from 'node:crypto';
import type { Manifest, Node, NodeId } from '../manifest/manifest.ts';

/** Kinds that dbt has no word for, and shows as exposures. */
const outside: ReadonlySet<string> = new Set<Node['kind']>(['sync', 'sink', 'ingest', 'api', 'flow', 'schedule']);

/** dbt's id of a node: `model.shop.orders`, `source.shop.raw.orders`, `test.shop.not_null_orders_id.1a2b3c4d5e`, `exposure.shop.sync.board`. */
export function uniqueId(node: Node, { projectName }: Pick<Manifest, 'projectName'>): string {
  const [kind = '', ...rest] = node.id.split('.');
  const id = outside.has(kind) ? ['exposure', projectName, kind, ...rest].join('.') : [kind, projectName, ...rest].join('.');
  if (node.kind !== 'test' || node.testType === 'singular') return id;
  const identity = JSON.stringify([node.name, node.testName, node.attachedTo, node.column, node.arguments]);
  return `${id}.${createHash('md5').update(identity).digest('hex').slice(-10)}`;
}

/** The node that dbt's id means, in a manifest that may no longer hold it. */
export function nodeIdOf(id: string): NodeId {
  const [kind, , ...rest] = id.split('.');
  const [first = ''] = rest;
  const name = rest.join('.');
  if (kind === 'exposure' && rest.length > 1 && outside.has(first)) return name as NodeId;
  return `${kind}.${kind === 'test' ? name.replace(/\.[0-9a-f]{10}$/, '') : name}` as NodeId;
}
