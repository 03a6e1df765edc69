import type { Manifest } from '../../manifest/manifest.ts';
import type { Project } from '../../project/project.ts';
import { readSeedColumns } from '../../run/read-seed-columns.ts';
import { openCheckEngine } from '../check-engine.ts';
import { checkGraph } from '../check-graph.ts';
import { engineWarehouse } from '../engine-warehouse.ts';
import { type ColumnGraph, readColumnGraph } from './column-graph.ts';

/** The columns of a loaded project and what each comes from. Touches no warehouse. Throws DEPENDENCY_MISSING where chdb does not load. */
export async function readProjectLineage({
  project,
  manifest,
}: {
  readonly project: Project;
  readonly manifest: Manifest;
}): Promise<ColumnGraph> {
  await using engine = await openCheckEngine();
  const seedColumns: Parameters<typeof checkGraph>[2]['seedColumns'] = (seed) =>
    readSeedColumns(seed, engineWarehouse(engine), project.dir);
  return readColumnGraph(manifest, await checkGraph(manifest, engine, { project, seedColumns }), engine);
}
