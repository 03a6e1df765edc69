import { GccflowError } from '../foundation/error.ts';
import type { EarlierNode } from '../plan/earlier-state.ts';
import type { Values } from './command.ts';
import type { OpenProject } from './open-project.ts';
import type { SelectionOptions } from './options.ts';

const term = 'state:removed';

/** A selection without its `state:removed`, and whether it had one. What is removed is no node any more, so that no other term knows it. */
export function withoutRemoved(select: readonly string[]): { readonly select: readonly string[]; readonly asksRemoved: boolean } {
  const parts = select.map((text) => text.split(/\s+/).filter((part) => part !== ''));
  if (!parts.some((words) => words.includes(term))) return { select, asksRemoved: false };
  const left = parts.map((words) => words.filter((word) => word !== term).join(' '));
  return { select: left.filter((text) => text !== ''), asksRemoved: true };
}

/** What the state has and the project has not, of the kinds that were asked for. Throws USAGE without `--state`, SELECTOR_NO_MATCH where there is nothing. */
export async function findRemoved({ manifest, state }: OpenProject, values: Values<SelectionOptions>): Promise<readonly EarlierNode[]> {
  if (!state) {
    const hint = 'Name the folder of an earlier manifest.json: --state prod-artifacts, or --state s3://bucket/prefix.';
    throw new GccflowError('USAGE', `'${term}' needs an earlier state to compare with, and --state names none.`, { hint });
  }
  const { StateComparison } = await import('../plan/compare-state.ts');
  const kinds: readonly string[] = values['resource-type'];
  const removed = new StateComparison(manifest, await state.manifest())
    .removed()
    .filter(({ kind }) => kinds.length === 0 || kinds.includes(kind));
  if (removed.length > 0 || values['allow-empty'] === true) return removed;
  const hint = 'The project has every node of the state; --allow-empty permits that.';
  throw new GccflowError('SELECTOR_NO_MATCH', `The selector '${term}' matches nothing.`, { hint });
}
