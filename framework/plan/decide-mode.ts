import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import { isMergeTree } from '../project/engine-family.ts';
import { layoutOf } from './fingerprint.ts';
import { stagingRelation } from './publication.ts';
import { type RelationState, relationKey, type WarehouseState } from './warehouse-state.ts';

export interface Mode {
  readonly incremental: boolean;
  /** Why. */
  readonly reason: string;
}

/**
 * Whether a model is brought up to date or built anew. Incremental only on a whole publication of this very node: the COMMENT that says
 * so reaches a live name by the exchange alone.
 */
export function decideMode(node: ModelNode | SeedNode, state: WarehouseState, fullRefresh: boolean): Mode {
  const live = state.relations.get(relationKey(node.relation));
  if (fullRefresh) return anew('--full-refresh');
  if (!live) return anew('first build');
  if (node.kind === 'seed') return anew('the file or its columns changed');
  const isSnapshot = node.config.materialized === 'snapshot';
  if (node.config.full_refresh === true && !isSnapshot) return anew('full_refresh: true');
  if (node.config.materialized === 'materialized_view') return decideFeed(node, live, state);
  if (live.kind === 'view') return anew('a view stands in its place');
  if (!live.publication) return anew('the table in its place is not ours; it is kept');
  if (live.publication.node !== node.id) return anew(`the table in its place was published by '${live.publication.node}'; it is kept`);
  if (isSnapshot && live.publication.history !== true) return anew('the table in its place holds no history');
  if (!isMergeTree(live.engine)) return anew(`the engine ${live.engine} of its table cannot be cloned`);
  const whole = `publication ${live.publication.publication} is whole`;
  const asBefore = live.publication.layout === layoutOf(node.config);
  return { incremental: true, reason: asBefore ? whole : `${whole}; the changed engine, keys or settings need --full-refresh` };
}

/** A materialized view goes on where the view that feeds it is there; a refreshable one is made anew when its SELECT changes. */
function decideFeed(node: ModelNode | SeedNode, live: RelationState, state: WarehouseState): Mode {
  if (!isFed(node, state)) return anew('nothing of ours feeds what stands in its place');
  if (node.config.refresh !== null) return anew('the SELECT, its keys or when it is run changed');
  const asBefore = live.publication?.layout === layoutOf(node.config);
  const changes = 'the SELECT changed: new rows are as it says now, and those that are there stay as they are';
  return { incremental: true, reason: asBefore ? changes : `${changes}; changed keys and settings of the table need --full-refresh` };
}

/** Whether what stands in a node's place is a materialized view of its own, and the view that feeds it is there. */
export function isFed({ id, relation }: ModelNode | SeedNode, state: WarehouseState): boolean {
  const publication = state.relations.get(relationKey(relation))?.publication;
  if (publication?.node !== id || publication.companions === undefined) return false;
  return state.relations.has(relationKey(stagingRelation(relation, publication.companions, 'trigger')));
}

function anew(reason: string): Mode {
  return { incremental: false, reason };
}
