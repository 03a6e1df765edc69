import { join } from 'node:path';
import { sortDepthFirst } from '../manifest/graph.ts';
import type { Node } from '../manifest/manifest.ts';
import { type Selection, type SelectionRequest, selectNodes } from '../plan/select-nodes.ts';
import type { Values } from './command.ts';
import type { OpenProject } from './open-project.ts';
import type { SelectionOptions } from './options.ts';

/** The nodes that the selection flags pick; `only` are the kinds the command works on where the user names none. */
export async function selectFrom(
  opened: OpenProject,
  values: Values<SelectionOptions>,
  only: readonly Node['kind'][] = [],
): Promise<Selection> {
  const asked = values['resource-type'] as readonly Node['kind'][];
  const mentioned = await readMentioned(opened, values);
  const selection = selectNodes(opened.manifest, {
    select: values.select,
    exclude: values.exclude,
    selector: values.selector,
    selectors: opened.project.selectors,
    indirect: values['indirect-selection'],
    resourceTypes: asked.length > 0 ? asked : only,
    allowEmpty: values['allow-empty'],
    ...mentioned,
  });
  if (mentioned.state) (await import('../run/facts-cache.ts')).writeFactsCache(opened.manifest);
  return selection;
}

type Mentioned = Pick<SelectionRequest, 'results' | 'state' | 'sources'>;

/** What the methods look at that the selection mentions. Files are read for no others. */
async function readMentioned(opened: OpenProject, { select, exclude }: Values<SelectionOptions>): Promise<Mentioned> {
  const terms = [...select, ...exclude];
  const named = JSON.stringify(opened.project.selectors);
  const mentions = (method: string): boolean =>
    terms.some((term) => term.includes(`${method}:`)) || new RegExp(`"${method}(\\.\\w+)?"|\\b${method}:`).test(named);
  return {
    results: mentions('result') ? await readResults(opened) : undefined,
    state: mentions('state') ? await compareWithState(opened) : undefined,
    sources: mentions('source_status') ? await readSourceComparison(opened) : undefined,
  };
}

/** Status of each node in the run that --state is of, else in the last run; undefined where there was none. */
async function readResults({ project, state }: OpenProject): Promise<Mentioned['results']> {
  if (state) return state.results();
  const { findRunResults } = await import('../run/read-run-results.ts');
  return (await findRunResults(join(project.dir, 'target')))?.statuses;
}

async function compareWithState({ manifest, state }: OpenProject): Promise<Mentioned['state']> {
  if (!state) return undefined;
  const { StateComparison } = await import('../plan/compare-state.ts');
  const { readFactsCache } = await import('../run/facts-cache.ts');
  readFactsCache(manifest);
  return new StateComparison(manifest, await state.manifest());
}

/** The last check of freshness against that of --state, else against the one before it. */
async function readSourceComparison({ project, state }: OpenProject): Promise<Mentioned['sources']> {
  const { readSources } = await import('../run/read-sources.ts');
  const { current, previous } = await readSources(join(project.dir, 'target'));
  return current ? { current, previous: (state ? await state.sources() : previous) ?? new Map() } : undefined;
}

/** The picked nodes themselves, parents before children. */
export function nodesOf({ manifest }: OpenProject, { nodes }: Selection): readonly Node[] {
  const sorted = sortDepthFirst(nodes, manifest.parents) ?? []; // a manifest has no circles
  return sorted.filter((id) => nodes.has(id)).flatMap((id) => manifest.nodes.get(id) ?? []);
}
