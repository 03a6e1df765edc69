import { join } from 'node:path';
import { engineVersion } from '../../connections/embedded-engine.ts';
import type { Manifest, ModelNode } from '../../manifest/manifest.ts';
import type { Project } from '../../project/project.ts';
import { readSeedColumns } from '../../run/read-seed-columns.ts';
import { CheckCache } from '../check-cache.ts';
import type { CheckEngine } from '../check-engine.ts';
import { checkGraph } from '../check-graph.ts';
import { engineWarehouse } from '../engine-warehouse.ts';
import { buildColumnGraph, type ColumnGraph } from './column-graph.ts';
import { readModels } from './read-models.ts';
import { ReadingCache } from './reading-cache.ts';

export interface ProjectLineageDeps {
  readonly project: Project;
  readonly manifest: Manifest;
  readonly engine: CheckEngine;
}

/** The columns of a loaded project and what each comes from. What is found of models is kept in `.gccflow/cache`. Touches no warehouse. */
export async function readProjectLineage({ project, manifest, engine }: ProjectLineageDeps): Promise<ColumnGraph> {
  const dir = join(project.dir, '.gccflow', 'cache');
  const cache = ReadingCache.read(dir, engineVersion());
  const seedColumns: Parameters<typeof checkGraph>[2]['seedColumns'] = (seed) =>
    readSeedColumns(seed, engineWarehouse(engine), project.dir);
  const graph = await checkGraph(manifest, engine, { project, seedColumns, cache: CheckCache.read(dir, engineVersion()) });
  const models = [...manifest.nodes.values()].filter((node): node is ModelNode => node.kind === 'model');
  const readings = await readModels(models, { manifest, graph, engine, cache });
  cache.write((id) => manifest.nodes.has(id));
  return buildColumnGraph(manifest, graph, readings);
}
