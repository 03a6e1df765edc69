import { join } from 'node:path';
import type { Node, NodeId } from '../manifest/manifest.ts';
import { type Selection, selectNodes } from '../plan/select-nodes.ts';
import type { Project } from '../project/project.ts';
import { findRunResults } from '../run/read-run-results.ts';
import type { Values } from './command.ts';
import type { OpenProject } from './open-project.ts';
import type { SelectionOptions } from './options.ts';

/** The nodes that the selection flags pick; `only` are the kinds the command works on where the user names none. */
export async function selectFrom(
  { project, manifest }: OpenProject,
  values: Values<SelectionOptions>,
  only: readonly Node['kind'][] = [],
): Promise<Selection> {
  const asked = values['resource-type'] as readonly Node['kind'][];
  return selectNodes(manifest, {
    select: values.select,
    exclude: values.exclude,
    selector: values.selector,
    selectors: project.selectors,
    indirect: values['indirect-selection'],
    resourceTypes: asked.length > 0 ? asked : only,
    allowEmpty: values['allow-empty'],
    results: mentionsResults(values, project) ? (await findRunResults(join(project.dir, 'target')))?.statuses : undefined,
  });
}

/** Only `result:` asks for the last run's results, and named selectors may. */
function mentionsResults({ select, exclude, selector }: Values<SelectionOptions>, { selectors }: Project): boolean {
  return selector !== undefined || selectors.length > 0 || [...select, ...exclude].some((term) => term.includes('result:'));
}

/** The picked nodes themselves, parents before children. */
export function nodesOf({ manifest }: OpenProject, { nodes }: Selection): readonly Node[] {
  const sorted = new Set<Node>();
  const seen = new Set<NodeId>();
  const stack = [...nodes].reverse();
  while (stack.length > 0) {
    const id = stack.at(-1) as NodeId;
    const open = seen.has(id) ? [] : (manifest.parents.get(id) ?? []).filter((parent) => !seen.has(parent));
    seen.add(id);
    if (open.length > 0) {
      stack.push(...open.reverse());
      continue;
    }
    stack.pop();
    const node = manifest.nodes.get(id);
    if (node && nodes.has(id)) sorted.add(node);
  }
  return [...sorted];
}
