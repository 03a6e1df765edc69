import type { Manifest, ModelNode, Node, NodeId } from '../manifest/manifest.ts';
import { withChanges } from '../manifest/render-sql.ts';
import type { Project } from '../project/project.ts';
import { CheckCache } from './check-cache.ts';
import type { CheckEngine } from './check-engine.ts';
import type { CheckedRelation, GraphInEngine } from './checked-graph.ts';
import { typedColumns } from './declared-columns.ts';
import type { Finding } from './finding.ts';
import { GraphTables, isInline } from './graph-tables.ts';
import { type HookObjects, hookObjects } from './hook-objects.ts';
import { LayoutProbes } from './layout-probes.ts';
import { ModelKeys } from './model-keys.ts';
import { NamedDictionaries } from './named-dictionaries.ts';
import { unknownNames } from './unknown-type.ts';

/** What a check of the graph needs besides the graph. */
export interface CheckGraphOptions {
  readonly project: Project;
  /** What earlier checks found; nothing where it is left out. */
  readonly cache?: CheckCache;
  /** Nodes that are checked, and what they read; all where it is left out. */
  readonly only?: ReadonlySet<NodeId> | null;
  /** Nodes that are not looked at, because mistakes of theirs have been told; none where it is left out. */
  readonly unsound?: ReadonlySet<NodeId>;
}

/** What is known of a graph while it is checked. */
export class GraphState implements GraphInEngine {
  readonly relations = new Map<NodeId, CheckedRelation>();
  readonly notChecked = new Map<NodeId, NodeId>();
  readonly findings: Finding[] = [];
  /** The graph, with what it reads by names alone. A broken model is none that stands in the SQL of its readers. */
  readonly manifest: Manifest;
  /** The graph as its files say it. */
  readonly given: Manifest;
  readonly project: Project;
  readonly engine: CheckEngine;
  readonly cache: CheckCache;
  readonly dictionaries: NamedDictionaries;
  readonly hooked: HookObjects;
  readonly tables: GraphTables;
  readonly keys: ModelKeys;
  readonly probes: LayoutProbes;
  readonly #nodes: Map<NodeId, Node>;

  constructor(manifest: Manifest, engine: CheckEngine, { project, cache }: CheckGraphOptions) {
    this.#nodes = new Map(manifest.nodes);
    this.given = manifest;
    this.project = project;
    this.engine = engine;
    this.cache = cache ?? CheckCache.none();
    this.dictionaries = new NamedDictionaries(manifest);
    this.hooked = hookObjects(manifest);
    this.manifest = { ...withChanges(manifest, { nodes: this.#nodes }), parents: this.dictionaries.parents(manifest) };
    this.tables = new GraphTables(this.manifest, this.relations, this.dictionaries.sources);
    this.keys = new ModelKeys(this.manifest, this.tables, this.relations);
    this.probes = new LayoutProbes(this);
  }

  async ensureTables(ids: Iterable<NodeId>): Promise<void> {
    await this.engine.run(this.tables.missing(ids));
  }

  leaveOut(id: NodeId, because: NodeId): void {
    this.notChecked.set(id, because);
  }

  parentsOf(id: NodeId): readonly NodeId[] {
    return this.manifest.parents.get(id) ?? [];
  }

  /** Notes a relation without a mistake. `key`: what it depends on. */
  know(id: NodeId, relation: CheckedRelation, key: string): void {
    this.relations.set(id, relation);
    const node = this.manifest.nodes.get(id);
    this.cache.keep(id, key, relation.columns, node?.kind === 'model' ? this.keys.ofTemplate(node) : null);
  }

  /** Notes what readers of a model that is not as its SQL says are checked against. It is no longer part of their SQL. */
  replace(node: ModelNode, relation: CheckedRelation | null): void {
    if (!relation) return;
    this.relations.set(node.id, relation);
    if (isInline(node)) this.#nodes.set(node.id, { ...node, config: { ...node.config, materialized: 'view' } });
  }

  /** Names of the columns that a model may read and nobody knows. */
  unknownAbove(node: ModelNode): ReadonlySet<string> {
    return new Set(this.parentsOf(node.id).flatMap((id) => [...unknownNames(this.relations.get(id))]));
  }

  /** The model, or what it reads, whose mistake leaves columns unknown that a model may read. */
  unknownParent(node: ModelNode): NodeId | undefined {
    const cause = this.parentsOf(node.id).find((id) => unknownNames(this.relations.get(id)).size > 0);
    return cause === undefined ? undefined : (this.notChecked.get(cause) ?? cause);
  }

  /** What the readers of a broken model are checked against, where nothing is left of its SQL. Without a contract it may have more columns than it declares. */
  standIn(node: ModelNode): CheckedRelation | null {
    const declared = node.config.contract.enforced ? typedColumns(node.columns) : null;
    if (declared) return { columns: declared, from: 'declared' };
    const remembered = this.cache.columnsOf(node.id);
    return remembered ? { columns: remembered, from: 'remembered' } : null;
  }
}
