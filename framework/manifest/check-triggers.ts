import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { locate } from '../foundation/location.ts';
import type { Manifest, Node, NodeId } from './manifest.ts';

/**
 * Reports CONFIG_CONFLICT for a materialized view whose SELECT does not name a source first. ClickHouse shows it what is inserted into that
 * table; into a model nobody inserts, it is exchanged.
 */
export function checkTriggers(nodes: ReadonlyMap<NodeId, Node>, parents: Manifest['parents'], diagnostics: Diagnostics): void {
  for (const node of nodes.values()) {
    if (node.kind !== 'model' || node.config.materialized !== 'materialized_view' || node.config.refresh !== null) continue;
    const [first] = parents.get(node.id) ?? [];
    const parent = first === undefined ? undefined : nodes.get(first);
    if (parent?.kind === 'source') continue;
    const reads = parent ? `the ${parent.kind} '${parent.name}' first, which is replaced as a whole and never inserted into` : 'no source';
    const { refs, file } = node.template;
    const call = refs.find(({ name }) => name === parent?.name);
    const at = call ? locate(file, call.at) : node.at;
    diagnostics.report(
      new GccflowError('CONFIG_CONFLICT', `The materialized view '${node.name}' reads ${reads}, so ClickHouse would never show it a row.`, {
        at,
        hint: `Let its SELECT name a source first, or let ClickHouse run it again and again: refresh="every 1 hour".`,
      }),
    );
  }
}
