import { sortDepthFirst } from '../manifest/graph.ts';
import type { Manifest, ModelNode, NodeId } from '../manifest/manifest.ts';

const call = /\bdict\w+\s*\(\s*(?:'([^'{}]+)'|\{\{\s*source\s+["']([^"']+)["']\s+["']([^"']+)["'])/gi;

/** What models look up in by the functions of dictionaries, as far as `ref` does not say it. */
export class NamedDictionaries {
  /** Sources that are dictionaries. */
  readonly sources = new Set<NodeId>();
  /** Relations that a model names in a text, by the model. */
  readonly #byText = new Map<NodeId, readonly NodeId[]>();

  constructor(manifest: Manifest) {
    let byName: ReadonlyMap<string, NodeId> | null = null;
    for (const node of manifest.nodes.values()) {
      if (node.kind !== 'model' || !node.template.text.includes('dict')) continue;
      byName ??= relationNames(manifest);
      const named: NodeId[] = [];
      for (const [, text, source, table] of node.template.text.matchAll(call)) {
        const id = text === undefined ? (`source.${source}.${table}` as const) : byName.get(text);
        if (id === undefined || id === node.id) continue;
        if (manifest.nodes.get(id)?.kind === 'source') this.sources.add(id);
        if (text !== undefined) named.push(id);
      }
      if (named.length > 0) this.#byText.set(node.id, named);
    }
  }

  /** What each node reads, with what it names; as the graph has it where that would be a circle. */
  parents({ parents }: Manifest): Manifest['parents'] {
    if (this.#byText.size === 0) return parents;
    const all = new Map([...parents].map(([id, above]) => [id, [...new Set([...above, ...(this.#byText.get(id) ?? [])])]]));
    return sortDepthFirst(all.keys(), all) === null ? parents : all;
  }

  /** Dictionaries of the graph that a model names in a text, so that the graph does not know. */
  foreignOf(node: ModelNode, { nodes, parents }: Manifest): readonly ModelNode[] {
    const known = parents.get(node.id) ?? [];
    return (this.#byText.get(node.id) ?? []).flatMap((id) => {
      const read = nodes.get(id);
      return read?.kind === 'model' && !known.includes(id) ? [read] : [];
    });
  }
}

function relationNames({ nodes }: Manifest): ReadonlyMap<string, NodeId> {
  const named = [...nodes.values()].flatMap((node): [string, NodeId][] =>
    'relation' in node ? [[`${node.relation.database}.${node.relation.name}`, node.id]] : [],
  );
  return new Map(named);
}
