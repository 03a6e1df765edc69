import type { Manifest, ModelNode, NodeId } from '../../manifest/manifest.ts';
import type { Relation } from '../../manifest/relation.ts';
import type { CheckEngine, EngineAnswer, EngineStatement } from '../check-engine.ts';
import type { CheckedGraph } from '../checked-graph.ts';
import { renderModel } from '../render-model.ts';
import { type ColumnRef, distinctRefs, type FindReadable } from './column-ref.ts';
import { explainQueryTree, explainRawTree, parseQueryTree } from './parse-query-tree.ts';
import { lineageOf, type QueryLineage } from './query-lineage.ts';
import { TreeNotUnderstood } from './read-outline.ts';

/** What a model's columns come from, in the relations it reads itself. Relations are node ids; the model itself is none of them. */
export type ModelLineage =
  | ({ readonly kind: 'known' } & QueryLineage)
  /** `why` goes on after "because": `its SQL has a mistake`. */
  | { readonly kind: 'unknown'; readonly why: string };

/** Models whose query trees are held at once. */
const batchSize = 64;

/**
 * The lineage of models whose relations an engine holds as empty tables. Of an incremental model both branches count, of one that reads an ephemeral model also
 * what that one reads.
 */
export async function modelLineages(
  models: readonly ModelNode[],
  { manifest, graph, engine }: { readonly manifest: Manifest; readonly graph: CheckedGraph; readonly engine: CheckEngine },
): Promise<ReadonlyMap<NodeId, ModelLineage>> {
  const lineages = new Map<NodeId, ModelLineage>();
  const findFor = relationFinder(manifest, graph);
  for (let at = 0; at < models.length; at += batchSize) {
    const batch = models.slice(at, at + batchSize).map((node) => ({ node, statements: statementsOf(node, manifest, graph) }));
    const answers = [...(await engine.run(batch.flatMap(({ statements }) => statements)))];
    for (const { node, statements } of batch) {
      const own = answers.splice(0, statements.length);
      lineages.set(node.id, merge(node, own, findFor(node)));
    }
  }
  return lineages;
}

function statementsOf(node: ModelNode, manifest: Manifest, graph: CheckedGraph): readonly EngineStatement[] {
  if (graph.relations.get(node.id)?.from !== 'checked') return [];
  const { sql, incrementalSql } = renderModel(manifest, node);
  const branches = incrementalSql === null ? [sql] : [sql, incrementalSql];
  const settings = node.config.query_settings;
  return branches.flatMap((branch) => [explainQueryTree(branch), explainRawTree(branch)]).map((sql) => ({ sql, settings }));
}

function merge(node: ModelNode, answers: readonly EngineAnswer[], find: FindReadable): ModelLineage {
  if (answers.length === 0) return { kind: 'unknown', why: 'its SQL could not be checked' };
  try {
    const [full, ...others] = [answers.slice(0, 2), answers.slice(2)].map(([tree, raw]) => lineageIn(tree, raw, find));
    if (!full) return { kind: 'unknown', why: 'its SQL has a mistake' };
    const branches = [full, ...others.filter((branch) => branch !== null)];
    const foreign = (refs: readonly ColumnRef[]): readonly ColumnRef[] => distinctRefs(refs.filter(({ relation }) => relation !== node.id));
    return {
      kind: 'known',
      columns: full.columns.map(({ name }, index) => ({
        name,
        from: foreign(branches.flatMap(({ columns }) => columns[index]?.from ?? [])),
      })),
      influences: foreign(branches.flatMap(({ influences }) => influences)),
      reads: foreign(branches.flatMap(({ reads }) => reads)),
    };
  } catch (thrown) {
    if (thrown instanceof TreeNotUnderstood) return { kind: 'unknown', why: `its query tree holds ${thrown.what}` };
    throw thrown;
  }
}

function lineageIn(tree: EngineAnswer | undefined, raw: EngineAnswer | undefined, find: FindReadable): QueryLineage | null {
  if (tree?.kind !== 'rows' || raw?.kind !== 'rows') return null;
  return lineageOf(parseQueryTree(tree.rows), parseQueryTree(raw.rows), find);
}

/** A name without a database is one of the model's own. */
function relationFinder(manifest: Manifest, graph: CheckedGraph): (reader: ModelNode) => FindReadable {
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
