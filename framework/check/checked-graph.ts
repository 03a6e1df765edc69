import type { NodeId } from '../manifest/manifest.ts';
import type { Finding } from './finding.ts';

/** A column as ClickHouse says it: `type` is ClickHouse's own text, e.g. `LowCardinality(Nullable(String))`. */
export interface TypedColumn {
  readonly name: string;
  readonly type: string;
}

/** What is known of a relation after the check. */
export interface CheckedRelation {
  readonly columns: readonly TypedColumn[];
  /**
   * `checked`: what ClickHouse says it returns. `declared`: what its file says, because it has no SQL (a source, a seed) or its SQL has a
   * mistake. `remembered`: what it returned at the last check, because its SQL has a mistake and nothing is declared. `repaired`: what its SQL
   * returns without its mistakes, or those of a model that it reads; columns that depend on them are of the type `unknownType`.
   */
  readonly from: 'checked' | 'declared' | 'remembered' | 'repaired';
  /** Names that a column may have once its mistake is mended. */
  readonly meant?: ReadonlySet<string>;
}

/** The graph with its types: what the other parts of the check build on. */
export interface CheckedGraph {
  /** Sources, seeds and models whose columns are known; an ephemeral model too. */
  readonly relations: ReadonlyMap<NodeId, CheckedRelation>;
  /** Nodes that could not be checked, and the broken node that is the cause. */
  readonly notChecked: ReadonlyMap<NodeId, NodeId>;
  readonly findings: readonly Finding[];
}

/** A checked graph whose engine is still there. */
export interface GraphInEngine extends CheckedGraph {
  /** Makes sure that the engine holds these relations as empty tables, as far as their columns are known. Those of unchanged nodes it does not. */
  ensureTables(ids: Iterable<NodeId>): Promise<void>;
  /** Notes that a node cannot be checked because of another. */
  leaveOut(id: NodeId, because: NodeId): void;
}
