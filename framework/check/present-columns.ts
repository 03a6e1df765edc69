import { changedRelations } from './breaking-changes.ts';
import type { CheckArtifact } from './check-artifact.ts';
import { CheckCache } from './check-cache.ts';
import { checkGraph } from './check-graph.ts';
import type { CheckedGraph } from './checked-graph.ts';
import { type FindReaders, findReaders } from './column-readers.ts';
import type { ProjectLineageDeps } from './lineage/project-lineage.ts';

/** The columns of a project as it is, and what reads those of relations that an earlier check had otherwise. */
export interface PresentColumns {
  readonly graph: CheckedGraph;
  readonly readersOf: FindReaders;
}

/** Asks ClickHouse for the columns of every relation, and what reads those that changed. Touches no warehouse. */
export async function presentColumns(earlier: CheckArtifact, { project, manifest, engine }: ProjectLineageDeps): Promise<PresentColumns> {
  const graph = await checkGraph(manifest, engine, { project, cache: CheckCache.of(project) });
  return { graph, readersOf: await findReaders(changedRelations(earlier, graph), { project, manifest, graph, engine }) };
}
