import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import { isMergeTree } from '../project/engine-family.ts';
import { layoutOf } from './fingerprint.ts';
import type { RelationState } from './warehouse-state.ts';

export interface Mode {
  readonly incremental: boolean;
  /** Why. */
  readonly reason: string;
}

/**
 * Whether a model is brought up to date or built anew. Incremental only on a whole publication of this very node: the COMMENT that says
 * so reaches a live name by the exchange alone.
 */
export function decideMode(node: ModelNode | SeedNode, live: RelationState | undefined, fullRefresh: boolean): Mode {
  if (fullRefresh) return anew('--full-refresh');
  if (!live) return anew('first build');
  if (node.kind === 'seed') return anew('the file or its columns changed');
  const isSnapshot = node.config.materialized === 'snapshot';
  if (node.config.full_refresh === true && !isSnapshot) return anew('full_refresh: true');
  if (live.kind === 'view') return anew('a view stands in its place');
  if (!live.publication) return anew('the table in its place is not ours; it is kept');
  if (live.publication.node !== node.id) return anew(`the table in its place was published by '${live.publication.node}'; it is kept`);
  if (isSnapshot && live.publication.history !== true) return anew('the table in its place holds no history');
  if (!isMergeTree(live.engine)) return anew(`the engine ${live.engine} of its table cannot be cloned`);
  const whole = `publication ${live.publication.publication} is whole`;
  const asBefore = live.publication.layout === layoutOf(node.config);
  return { incremental: true, reason: asBefore ? whole : `${whole}; the changed engine, keys or settings need --full-refresh` };
}

function anew(reason: string): Mode {
  return { incremental: false, reason };
}
