import type { Manifest, ModelNode, NodeId } from '../../manifest/manifest.ts';
import type { Relation } from '../../manifest/relation.ts';
import { keyOf } from '../check-cache.ts';
import type { CheckEngine, EngineAnswer, EngineStatement } from '../check-engine.ts';
import type { GraphInEngine } from '../checked-graph.ts';
import { createStub } from '../relation-statements.ts';
import { renderModel } from '../render-model.ts';
import type { FindReadable } from './column-ref.ts';
import { type ModelReading, readingOf, treeStatements } from './model-reading.ts';
import { nameInlined } from './name-inlined.ts';
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
  const named = nameInlined(deps.manifest);
  const unread: Unread[] = [];
  for (const node of models) {
    if (deps.graph.relations.get(node.id)?.from !== 'checked') {
      readings.set(node.id, notChecked);
      continue;
    }
    const model = render(node, named, deps);
    const known = deps.cache.find(node.id, model.key);
    if (known) readings.set(node.id, known);
    else unread.push(model);
  }
  const findFor = relationFinder(deps);
  let batch = unread.splice(0, batchSize);
  let asked = ask(batch, deps);
  while (batch.length > 0) {
    const answers = await asked;
    const next = unread.splice(0, batchSize);
    asked = ask(next, deps); // answered while these are read
    for (const [index, { node, key, branches }] of batch.entries()) {
      const own = answers[index] ?? [];
      const reading = readingOf(node.id, branches, own, findFor(node));
      readings.set(node.id, reading);
      if (own.every(({ kind }) => kind !== 'lost')) deps.cache.keep(node.id, key, reading); // it may be another time
    }
    batch = next;
  }
  return readings;
}

/** The answers for each model of a batch. */
async function ask(batch: readonly Unread[], { manifest, graph, engine }: ReadModelsDeps): Promise<readonly (readonly EngineAnswer[])[]> {
  const read = batch.flatMap(({ node }) => [node.id, ...(manifest.parents.get(node.id) ?? [])]);
  await graph.ensureTables(read);
  await engine.run(inlinedTables(read, manifest, graph));
  const statements = batch.map(({ node, branches }) => branches.flatMap((sql) => treeStatements(sql, node.config.query_settings)));
  const answers = [...(await engine.run(statements.flat()))];
  return statements.map((own) => answers.splice(0, own.length));
}

/** Tables for ephemeral models, which the engine does not hold. */
function inlinedTables(ids: readonly NodeId[], manifest: Manifest, graph: GraphInEngine): readonly EngineStatement[] {
  return [...new Set(ids)].flatMap((id) => {
    const node = manifest.nodes.get(id);
    const columns = graph.relations.get(id)?.columns;
    if (node?.kind !== 'model' || node.config.materialized !== 'ephemeral' || !columns) return [];
    const sql = createStub(node.relation, columns);
    return [{ sql, keep: sql }];
  });
}

/** The key holds all that a reading depends on: the SQL, and the columns of what it may read. */
function render(node: ModelNode, named: Manifest, { manifest, graph }: ReadModelsDeps): Unread {
  const { sql, incrementalSql } = renderModel(named, node);
  const branches = incrementalSql === null ? [sql] : [sql, incrementalSql];
  const inputs = manifest.parents.get(node.id) ?? [];
  const columns = inputs.map((id) => [id, graph.relations.get(id)?.columns.map(({ name, type }) => `${name} ${type}`)]);
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
