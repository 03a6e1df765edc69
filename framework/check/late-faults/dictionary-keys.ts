import type { Manifest, ModelNode, Node, NodeId } from '../../manifest/manifest.ts';
import { keyOfDictionary } from '../../materializations/dictionary-sql.ts';
import type { CheckedRelation } from '../checked-graph.ts';
import type { KeyTypes } from './doubtful-keys.ts';

/** The types of dictionaries' keys by `database.name` and by `name`. `relations`: what is known so far; it may grow. */
export function dictionaryKeys({ nodes }: Manifest, relations: ReadonlyMap<NodeId, CheckedRelation>): KeyTypes {
  let byName: ReadonlyMap<string, ModelNode> | null = null;
  return (name) => {
    byName ??= new Map(
      [...nodes.values()].flatMap((node): [string, ModelNode][] => {
        if (node.kind !== 'model' || node.config.materialized !== 'dictionary' || looksForRanges(node)) return [];
        return [
          [`${node.relation.database}.${node.relation.name}`, node],
          [node.relation.name, node],
        ];
      }),
    );
    const node = byName.get(name);
    const columns = (node && relations.get(node.id)?.columns) ?? [];
    const types = node ? keyOfDictionary(node.config).map((key) => columns.find((column) => column.name === key)?.type) : [];
    return types.length === 0 || types.includes(undefined) ? null : types.map((type) => withoutDictionary(type ?? ''));
  };
}

/** The columns that a dictionary is asked by, which what asks it does not name; none of other nodes. */
export function askedBy(node: Node | undefined): readonly string[] {
  return node?.kind === 'model' && node.config.materialized === 'dictionary' ? keyOfDictionary(node.config) : [];
}

/** Whether a key is found by what contains it: of an address, a point. */
function looksForRanges({ config }: ModelNode): boolean {
  return /ip_trie|polygon/i.test(config.layout ?? '');
}

function withoutDictionary(type: string): string {
  return type.replace(/^LowCardinality\((.*)\)$/s, '$1');
}
