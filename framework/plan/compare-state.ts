import { invert } from '../manifest/graph.ts';
import type { Manifest, Node, NodeId } from '../manifest/manifest.ts';
import { factsOf } from './build-node-facts.ts';
import type { EarlierNode, EarlierState } from './earlier-state.ts';
import { type FactName, factNames } from './node-facts.ts';
import { normalizeSql } from './normalize-sql.ts';
import { reach } from './walk-graph.ts';

/**
 * A manifest held against an earlier one. Every node is either modified or not: it is modified where it is new or one of its own facts
 * differs. What a modified ancestor means for it is asked for apart.
 */
export class StateComparison {
  readonly earlier: EarlierState;
  readonly #manifest: Manifest;
  readonly #changes = new Map<NodeId, readonly FactName[]>();
  #below: ReadonlySet<NodeId> | null = null;

  constructor(manifest: Manifest, earlier: EarlierState) {
    this.#manifest = manifest;
    this.earlier = earlier;
  }

  isNew({ id }: Node): boolean {
    return !this.earlier.nodes.has(id);
  }

  isModified(node: Node): boolean {
    return this.isNew(node) || this.changesOf(node).length > 0;
  }

  /** What a node differs in from its earlier self; nothing for a new one. */
  changesOf(node: Node): readonly FactName[] {
    const found = this.#changes.get(node.id) ?? this.#compare(node);
    this.#changes.set(node.id, found);
    return found;
  }

  /** Whether something that a node is made of is modified. */
  hasModifiedAncestor({ id }: Node): boolean {
    const { nodes, children } = this.#manifest;
    this.#below ??= reach(
      children,
      [...nodes.values()].filter((node) => this.isModified(node)).map((node) => node.id),
      Number.POSITIVE_INFINITY,
    );
    return this.#below.has(id);
  }

  /** Nodes that the earlier manifest has and this one has not, in the earlier one's order. */
  removed(): readonly EarlierNode[] {
    return [...this.earlier.nodes.values()].filter(({ id }) => !this.#manifest.nodes.has(id));
  }

  /** What read each node of the earlier state. */
  readersOfEarlier(): ReadonlyMap<NodeId, readonly NodeId[]> {
    return invert(this.earlier.parents);
  }

  #compare(node: Node): readonly FactName[] {
    const before = this.earlier.nodes.get(node.id);
    if (!before) return [];
    const { facts } = before;
    if (facts === null) return hasOtherCode(node, before) ? ['body'] : [];
    const now = factsOf(this.#manifest, node);
    return factNames.filter((name) => now[name] !== facts[name]);
  }
}

/** What can be told of a node whose earlier facts are not known: whether its template or file is another one. */
function hasOtherCode(node: Node, { rawCode, contentHash }: EarlierNode): boolean {
  if (node.kind === 'seed') return contentHash !== null && contentHash !== node.contentHash;
  if (!('template' in node) || rawCode === null) return false;
  return normalizeSql(node.template.text) !== normalizeSql(rawCode);
}
