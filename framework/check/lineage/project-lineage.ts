import type { Manifest, NodeId } from '../../manifest/manifest.ts';
import { reach } from '../../plan/walk-graph.ts';
import type { Project } from '../../project/project.ts';
import { CheckCache } from '../check-cache.ts';
import type { CheckEngine } from '../check-engine.ts';
import { checkGraph } from '../check-graph.ts';
import { buildColumnGraph, type ColumnGraph } from './column-graph.ts';
import { readProject } from './read-project.ts';

export interface ProjectLineageDeps {
  readonly project: Project;
  readonly manifest: Manifest;
  readonly engine: CheckEngine;
  /** Nodes whose columns are asked for, and which ways they are to be followed: nothing else is read. All where it is left out. */
  readonly of?: { readonly nodes: readonly NodeId[]; readonly directions: readonly ('upstream' | 'downstream')[] };
}

/** The columns of a loaded project and what each comes from. Touches no warehouse. */
export async function readProjectLineage({ project, manifest, engine, of }: ProjectLineageDeps): Promise<ColumnGraph> {
  const ways = { upstream: manifest.parents, downstream: manifest.children };
  const only = of && new Set([...of.nodes, ...of.directions.flatMap((way) => [...reach(ways[way], of.nodes, Number.POSITIVE_INFINITY)])]);
  const graph = await checkGraph(manifest, engine, { project, only: only ?? null, cache: CheckCache.of(project) });
  return buildColumnGraph(manifest, graph, await readProject({ project, manifest, graph, engine, only: only ?? null }));
}
