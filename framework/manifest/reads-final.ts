import { foldsRows } from '../project/engine-family.ts';
import type { Node } from './manifest.ts';

/** Whether tests and syncs read the node with FINAL, so that a key's earlier rows do not count. */
export function readsFinal(node: Node): boolean {
  if (node.kind !== 'model' && node.kind !== 'seed') return false;
  const { materialized, engine } = node.config;
  return !readByView.has(materialized) && foldsRows(engine);
}

/** Views take no FINAL; that of a materialized view reads its rows with FINAL itself. */
const readByView: ReadonlySet<string> = new Set(['view', 'ephemeral', 'materialized_view']);
