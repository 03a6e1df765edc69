import { join } from 'node:path';
import { engineVersion } from '../connections/embedded-engine.ts';
import type { Manifest, ModelNode, Node, NodeId, SyncNode } from '../manifest/manifest.ts';
import type { ModelReading } from './lineage/model-reading.ts';
import { readModels } from './lineage/read-models.ts';
import type { ReadProjectDeps } from './lineage/read-project.ts';
import { ReadingCache } from './lineage/reading-cache.ts';
import { renderModel } from './render-model.ts';
import { sqlTokens } from './sql-tokens.ts';

/** What reads a column of a relation: models whose SQL does, syncs that publish it, and exposures, which do not say what they read. */
export type FindReaders = (relation: NodeId, column: string) => readonly Node[];

/** The columns that a model reads, by the relation it reads them of. */
export type ModelReads = ReadonlyMap<NodeId, ReadonlySet<string>>;

/** Gives a function that finds what reads columns of `relations`. Asks ClickHouse about the models that read one of them, and no others. */
export async function findReaders(
  relations: readonly NodeId[],
  { project, manifest, graph, engine }: ReadProjectDeps,
): Promise<FindReaders> {
  const children = new Set(relations.flatMap((id) => manifest.children.get(id) ?? []));
  const models = [...children].flatMap((id) => manifest.nodes.get(id) ?? []).filter((node): node is ModelNode => node.kind === 'model');
  const cache = ReadingCache.read(join(project.dir, '.gccflow', 'cache'), engineVersion());
  const readings = await readModels(models, { manifest, graph, engine, cache });
  cache.write((id) => manifest.nodes.has(id));
  const reads = new Map<NodeId, ModelReads>(models.map((model) => [model.id, readsOf(model, readings.get(model.id), manifest)]));
  return readersAmong(manifest, (id) => reads.get(id));
}

/** The same of reads that are known already. */
export function readersAmong(manifest: Manifest, readsOf: (model: NodeId) => ModelReads | undefined): FindReaders {
  return (relation, column) => {
    const children = (manifest.children.get(relation) ?? []).flatMap((child) => manifest.nodes.get(child) ?? []);
    return children.filter((child) => {
      if (child.kind === 'model') return readsOf(child.id)?.get(relation)?.has(column) ?? false;
      return child.kind === 'sync' ? publishes(child, column) : child.kind === 'exposure';
    });
  };
}

function publishes({ sync: { columns } }: SyncNode, column: string): boolean {
  return columns.length === 0 || columns.some(({ name, from }) => (from ?? name) === column);
}

/** By ClickHouse's understanding; where it has none, as in a model that a lost column has broken, every name in its SQL counts. */
function readsOf(model: ModelNode, reading: ModelReading | undefined, manifest: Manifest): ModelReads {
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
