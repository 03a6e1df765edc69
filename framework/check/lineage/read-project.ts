import { join } from 'node:path';
import { engineVersion } from '../../connections/embedded-engine.ts';
import type { Manifest, ModelNode, NodeId } from '../../manifest/manifest.ts';
import type { Project } from '../../project/project.ts';
import type { CheckEngine } from '../check-engine.ts';
import type { GraphInEngine } from '../checked-graph.ts';
import type { ModelReading } from './model-reading.ts';
import { readModels } from './read-models.ts';
import { ReadingCache } from './reading-cache.ts';

export interface ReadProjectDeps {
  readonly project: Project;
  readonly manifest: Manifest;
  readonly graph: GraphInEngine;
  readonly engine: CheckEngine;
  /** Nodes that are asked about; all where null or left out. */
  readonly only?: ReadonlySet<NodeId> | null;
}

/** What ClickHouse understands of every model that was checked. It is kept in `.gccflow/cache`, and asked again of what has changed. */
export async function readProject({
  project,
  manifest,
  graph,
  engine,
  only = null,
}: ReadProjectDeps): Promise<ReadonlyMap<NodeId, ModelReading>> {
  const cache = ReadingCache.read(join(project.dir, '.gccflow', 'cache'), engineVersion());
  const models = [...manifest.nodes.values()].filter(
    (node): node is ModelNode => node.kind === 'model' && (only === null || only.has(node.id)),
  );
  const readings = await readModels(models, { manifest, graph, engine, cache });
  cache.write((id) => manifest.nodes.has(id));
  return readings;
}
