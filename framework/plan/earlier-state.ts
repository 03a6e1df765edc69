import type { NodeId } from '../manifest/manifest.ts';
import type { Relation } from '../manifest/relation.ts';
import type { NodeFacts } from './node-facts.ts';

/** A project as an earlier manifest.json has it: what `--state` names. */
export interface EarlierState {
  /** Where it was read from, for people. */
  readonly from: string;
  readonly nodes: ReadonlyMap<NodeId, EarlierNode>;
  /** What each node read, by its id. */
  readonly parents: ReadonlyMap<NodeId, readonly NodeId[]>;
}

export interface EarlierNode {
  readonly id: NodeId;
  readonly kind: string;
  readonly name: string;
  readonly fqn: readonly string[];
  readonly file: string;
  readonly tags: readonly string[];
  /** null for what has none, such as an ephemeral model. */
  readonly relation: Relation | null;
  /** Types of declared columns; null where none was declared. */
  readonly columns: ReadonlyMap<string, string | null>;
  /** null in the manifest of another tool, and of a gccflow that hashed otherwise. */
  readonly facts: NodeFacts | null;
  /** Template of a model or test, which tells less than facts and is compared where there are none. */
  readonly rawCode: string | null;
  /** sha256 of a seed's file, hex. */
  readonly contentHash: string | null;
}
