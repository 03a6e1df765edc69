import { GccflowError } from '../foundation/error.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import type { ModelConfig } from '../project/model-config.ts';
import type { Mode } from './decide-mode.ts';
import type { RelationState } from './warehouse-state.ts';

/** Throws FULL_REFRESH_REFUSED where a node's config forbids what `--full-refresh` asks for. */
export function refuseFullRefresh(nodes: readonly (ModelNode | SeedNode)[]): void {
  const refusing = nodes.filter(
    ({ kind, config }) => config.full_refresh === false && (kind === 'seed' || config.materialized === 'incremental'),
  );
  const histories = nodes.filter(({ config }) => keepsHistory(config) && config.full_refresh !== true);
  if (histories.length > 0) throw historyRefused(histories);
  if (refusing.length === 0) return;
  const names = refusing.map(({ name }) => `'${name}'`).join(', ');
  throw new GccflowError(
    'FULL_REFRESH_REFUSED',
    `--full-refresh would rebuild ${names}, whose config says 'full_refresh: false'. Nothing was run.`,
    { hint: `Leave ${refusing.length === 1 ? 'it' : 'them'} out with --exclude, or remove the guard from the config.` },
  );
}

/** Whether what a model's relation holds cannot be built again. */
export function keepsHistory({ materialized, catchup, refresh }: ModelConfig): boolean {
  return materialized === 'snapshot' || (materialized === 'materialized_view' && catchup === 'none' && refresh === null);
}

function historyRefused(nodes: readonly (ModelNode | SeedNode)[]): GccflowError {
  const names = nodes.map(({ name }) => `'${name}'`).join(', ');
  return new GccflowError(
    'FULL_REFRESH_REFUSED',
    `--full-refresh would begin the history of ${names} anew, and no source holds what was written down of it. Nothing was run.`,
    { hint: `Leave ${nodes.length === 1 ? 'it' : 'them'} out with --exclude, or set 'full_refresh: true' where the history may go.` },
  );
}

/**
 * Throws FULL_REFRESH_REFUSED where a build would put away a history that no source holds: a snapshot's own, or one that stands in a
 * model's place, and no --full-refresh says so.
 */
export function refuseToLoseHistory(node: ModelNode | SeedNode, live: RelationState, mode: Mode): void {
  const isHistory = keepsHistory(node.config);
  if (isHistory && mode.incremental) return;
  const mayHoldHistory = isHistory && live.kind === 'table' && live.publication?.node !== node.id;
  if (live.publication?.history !== true && !mayHoldHistory) return;
  const reason = isHistory ? mode.reason : `materialized: ${node.config.materialized}`;
  throw new GccflowError(
    'FULL_REFRESH_REFUSED',
    `'${node.name}' would take the place of ${relationSql(node.relation)} and begin anew (${reason}), and that table may hold a history that no source has. Nothing was run.`,
    {
      hint: `Rename the table, give the model another 'alias', or, where the history may go, ${isHistory ? `set 'full_refresh: true' and ` : ''}run once with --full-refresh.`,
    },
  );
}
