import { GccflowError } from '../foundation/error.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import type { Relation } from '../manifest/relation.ts';
import { deferRefs } from '../plan/defer-refs.ts';
import { relationKey } from '../plan/warehouse-state.ts';
import type { CommandContext, Values } from './command.ts';
import type { OpenProject } from './open-project.ts';
import type { DeferOptions } from './options.ts';

/** Those of the relations that stand in the target's warehouse, by `relationKey`. */
export type FindExisting = (relations: readonly Relation[]) => Promise<ReadonlySet<string>>;

/**
 * With `--defer`, the project in which refs of `candidates` read the relations that `--state` has of them: of those that the target has not,
 * with `--favor-state` of all. Without, the project as it is. Throws USAGE where `--state` is missing.
 */
export async function deferUnselected(
  opened: OpenProject,
  candidates: readonly (ModelNode | SeedNode)[],
  values: Values<DeferOptions>,
  { output }: Pick<CommandContext, 'output'>,
  findExisting: FindExisting,
): Promise<OpenProject> {
  const { state, manifest } = opened;
  requirePartners(values, state !== null);
  if (state === null || values.defer !== true) return opened;
  const { nodes: earlier, from } = await state.manifest();
  const known = candidates.flatMap((node) => {
    const relation = earlier.get(node.id)?.relation;
    return relation ? [{ node, relation }] : [];
  });
  const standing = values['favor-state'] ? new Set() : await findExisting(known.map(({ node }) => node.relation));
  const deferred = known.filter(({ node }) => !standing.has(relationKey(node.relation)));
  if (deferred.length === 0) return opened;
  output.note(`deferred to ${from}: ${listed(deferred.map(({ node }) => node.name))}`);
  return { ...opened, manifest: deferRefs(manifest, new Map(deferred.map(({ node, relation }) => [node.id, relation]))) };
}

function requirePartners({ defer, 'favor-state': favorState }: Values<DeferOptions>, hasState: boolean): void {
  if (defer === true && !hasState) {
    const hint = 'Name the folder of an earlier manifest.json: --defer --state prod-artifacts.';
    throw new GccflowError('USAGE', "'--defer' needs '--state': it says where the relations are.", { hint });
  }
  if (favorState === true && defer !== true) {
    throw new GccflowError('USAGE', "'--favor-state' says how '--defer' decides, which is not given.", { hint: 'Add --defer.' });
  }
}

const shownNames = 8;

function listed(names: readonly string[]): string {
  const more = names.length - shownNames;
  return more > 0 ? `${names.slice(0, shownNames).join(', ')} and ${more} more` : names.join(', ');
}
