import { join } from 'node:path';
import { engineVersion } from '../connections/embedded-engine.ts';
import type { Manifest, ModelNode, NodeId } from '../manifest/manifest.ts';
import { breakingChanges, changedRelations } from './breaking-changes.ts';
import type { CheckArtifact } from './check-artifact.ts';
import type { Finding } from './finding.ts';
import type { ModelReading } from './lineage/model-reading.ts';
import { readModels } from './lineage/read-models.ts';
import type { ReadProjectDeps } from './lineage/read-project.ts';
import { ReadingCache } from './lineage/reading-cache.ts';
import { renderModel } from './render-model.ts';
import { sqlTokens } from './sql-tokens.ts';

/** What the graph breaks of an earlier check of it: COLUMN_BREAKS. Asks ClickHouse only about what reads a relation that has changed. */
export async function compareWithEarlier(
  earlier: CheckArtifact,
  { project, manifest, graph, engine }: ReadProjectDeps,
): Promise<readonly Finding[]> {
  const changed = changedRelations(earlier, graph);
  const readers = new Set(changed.flatMap((id) => manifest.children.get(id) ?? []));
  const models = [...readers].flatMap((id) => manifest.nodes.get(id) ?? []).filter((node): node is ModelNode => node.kind === 'model');
  const cache = ReadingCache.read(join(project.dir, '.gccflow', 'cache'), engineVersion());
  const readings = await readModels(models, { manifest, graph, engine, cache });
  cache.write((id) => manifest.nodes.has(id));
  const reads = new Map<NodeId, Reads>(models.map((model) => [model.id, readsOf(model, readings.get(model.id), manifest)]));
  return breakingChanges(earlier, { manifest, graph, readsOf: (id) => reads.get(id) ?? new Map() });
}

type Reads = ReadonlyMap<NodeId, ReadonlySet<string>>;

/** By ClickHouse's understanding; where it has none, as in a model that a lost column has broken, every name in its SQL counts. */
function readsOf(model: ModelNode, reading: ModelReading | undefined, manifest: Manifest): Reads {
  if (reading?.lineage.kind !== 'known') {
    const names = namesIn(model, manifest);
    return new Map((manifest.parents.get(model.id) ?? []).map((parent) => [parent, names]));
  }
  const reads = new Map<NodeId, Set<string>>();
  for (const { relation, column } of reading.lineage.reads) {
    const id = relation as NodeId;
    reads.set(id, (reads.get(id) ?? new Set()).add(column));
  }
  return reads;
}

function namesIn(model: ModelNode, manifest: Manifest): ReadonlySet<string> {
  const { sql, incrementalSql } = renderModel(manifest, model);
  const tokens = [sql, incrementalSql ?? ''].flatMap(sqlTokens);
  return new Set(tokens.filter(({ kind }) => kind === 'word' || kind === 'quoted').map(({ value }) => value));
}
