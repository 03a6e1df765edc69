import type { Manifest, ModelNode, NodeId } from '../../manifest/manifest.ts';
import type { Relation } from '../../manifest/relation.ts';
import { keyOf } from '../check-cache.ts';
import type { CheckEngine } from '../check-engine.ts';
import type { GraphInEngine } from '../checked-graph.ts';
import { renderModel } from '../render-model.ts';
import type { FindReadable } from './column-ref.ts';
import { type ModelReading, readingOf } from './model-reading.ts';
import { explainQueryTree, explainRawTree } from './parse-query-tree.ts';
import type { ReadingCache } from './reading-cache.ts';

export interface ReadModelsDeps {
  readonly manifest: Manifest;
  readonly graph: GraphInEngine;
  readonly engine: CheckEngine;
  readonly cache: ReadingCache;
}

/** A model whose trees are asked for. */
interface Unread {
  readonly node: ModelNode;
  readonly key: string;
  /** Its SQL, and what an incremental run would run where that is something else. */
  readonly branches: readonly string[];
}

const notChecked: ModelReading = { lineage: { kind: 'unknown', why: 'its SQL could not be checked' }, marks: [] };

/** Models whose query trees are held at once. */
const batchSize = 64;

/** What ClickHouse understands of the SQL of models: asked of those that the cache does not know as they are now. */
export async function readModels(models: readonly ModelNode[], deps: ReadModelsDeps): Promise<ReadonlyMap<NodeId, ModelReading>> {
  const readings = new Map<NodeId, ModelReading>();
  const unread: Unread[] = [];
  for (const node of models) {
    if (deps.graph.relations.get(node.id)?.from !== 'checked') {
      readings.set(node.id, notChecked);
      continue;
    }
    const model = render(node, deps);
    const known = deps.cache.find(node.id, model.key);
    if (known) readings.set(node.id, known);
    else unread.push(model);
  }
  const findFor = relationFinder(deps);
  for (let at = 0; at < unread.length; at += batchSize) {
    const batch = unread.slice(at, at + batchSize);
    for (const [model, reading] of await readBatch(batch, findFor, deps)) {
      readings.set(model.node.id, reading);
      deps.cache.keep(model.node.id, model.key, reading);
    }
  }
  return readings;
}

async function readBatch(
  batch: readonly Unread[],
  findFor: (reader: ModelNode) => FindReadable,
  { manifest, graph, engine }: ReadModelsDeps,
) {
  await graph.ensureTables(batch.flatMap(({ node }) => [node.id, ...(manifest.parents.get(node.id) ?? [])]));
  const statements = batch.map(({ node, branches }) =>
    branches.flatMap((sql) => [explainQueryTree(sql), explainRawTree(sql)]).map((sql) => ({ sql, settings: node.config.query_settings })),
  );
  const answers = [...(await engine.run(statements.flat()))];
  return batch.map((model, index) => {
    const own = answers.splice(0, statements[index]?.length ?? 0);
    return [model, readingOf(model.node.id, model.branches, own, findFor(model.node))] as const;
  });
}

/** The key holds all that a reading depends on: the SQL, and the columns of what it may read. */
function render(node: ModelNode, { manifest, graph }: ReadModelsDeps): Unread {
  const { sql, incrementalSql } = renderModel(manifest, node);
  const branches = incrementalSql === null ? [sql] : [sql, incrementalSql];
  const inputs = new Set(manifest.parents.get(node.id));
  for (const id of inputs) {
    const input = manifest.nodes.get(id);
    if (input?.kind === 'model' && input.config.materialized === 'ephemeral')
      for (const parent of manifest.parents.get(id) ?? []) inputs.add(parent);
  }
  const columns = [...inputs].map((id) => [id, graph.relations.get(id)?.columns.map(({ name, type }) => `${name} ${type}`)]);
  return { node, branches, key: keyOf([branches, node.relation, node.config.query_settings, columns]) };
}

/** A name without a database is one of the model's own. */
function relationFinder({ manifest, graph }: ReadModelsDeps): (reader: ModelNode) => FindReadable {
  const ids = new Map<string, NodeId>();
  for (const node of manifest.nodes.values()) {
    if ('relation' in node) ids.set(relationKey(node.relation), node.id);
  }
  return (reader) =>
    ({ database, name }) => {
      const id = ids.get(relationKey({ database: database || reader.relation.database, name }));
      if (id === undefined) return null;
      return { id, columns: graph.relations.get(id)?.columns.map((column) => column.name) ?? null };
    };
}

const relationKey = ({ database, name }: Relation): string => `${database}\0${name}`;
