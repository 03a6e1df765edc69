import type { Manifest, ModelNode, NodeId, SeedNode, SourceNode } from '../manifest/manifest.ts';

/** What stands in the warehouse, of nodes that have a relation. What is not built has no entry. */
export interface Catalog {
  readonly tables: ReadonlyMap<NodeId, CatalogTable>;
  /** Nodes whose relations are not there. */
  readonly missing: readonly NodeId[];
}

export interface CatalogTable {
  readonly kind: 'table' | 'view';
  readonly engine: string;
  /** Of the table; empty where none was written for readers. */
  readonly comment: string;
  /** null where the engine does not count. */
  readonly rows: number | null;
  readonly bytes: number | null;
  /** In the table's order. */
  readonly columns: readonly CatalogColumn[];
}

export interface CatalogColumn {
  readonly name: string;
  /** As ClickHouse writes it. */
  readonly type: string;
  /** From 1. */
  readonly position: number;
  readonly comment: string;
}

export type CatalogNode = ModelNode | SeedNode | SourceNode;

/** The nodes that have a relation in ClickHouse. */
export function catalogNodes({ nodes }: Manifest): CatalogNode[] {
  return [...nodes.values()].filter(
    (node): node is CatalogNode =>
      node.kind === 'source' || node.kind === 'seed' || (node.kind === 'model' && node.config.materialized !== 'ephemeral'),
  );
}
