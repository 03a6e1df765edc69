import { didYouMean } from '../../foundation/closest.ts';
import { GccflowError } from '../../foundation/error.ts';
import type { Manifest, Node, NodeId } from '../../manifest/manifest.ts';
import type { ColumnGraph } from './column-graph.ts';
import type { ColumnRef } from './column-ref.ts';

/** Of nodes that share a name the first of these kinds is meant. */
const kinds = ['model', 'seed', 'source', 'sync', 'sink', 'flow', 'ingest'];

/**
 * The columns that a text means: `mart_post.views`, `source.beat.post.views`, `sync.leaderboard.month`, or all of a node by its name alone. Throws
 * SELECTOR_NO_MATCH with the nearest name.
 */
export function findColumns(text: string, manifest: Manifest, columns: ColumnGraph): readonly ColumnRef[] {
  const byName = nodesByName(manifest);
  const cuts = [text.length, ...[...text.matchAll(/\./g)].map(({ index }) => index).reverse()];
  const named = cuts.flatMap((cut) => {
    const node = byName.get(text.slice(0, cut));
    return node ? [{ node, column: text.slice(cut + 1) }] : [];
  });
  const [first] = named;
  if (!first)
    throw noMatch(
      `No node of the project is called '${text}', nor has a column of that name.`,
      didYouMean(text, allNames(byName, columns)),
    );
  const found = named.flatMap(({ node, column }) => refsIn(node.id, column, columns));
  if (found.length > 0) return found;
  throw noColumn(first.node, first.column, columns);
}

/** The name that a person would use for it: the bare name of a model or seed, the id of anything else. */
export function nameOfColumn({ relation, column }: { readonly relation: NodeId; readonly column: string | null }): string {
  const node = relation.replace(/^(model|seed)\./, '');
  return column === null ? node : `${node}.${column}`;
}

function refsIn(relation: NodeId, column: string, columns: ColumnGraph): readonly ColumnRef[] {
  const known = columns.columns.get(relation) ?? [];
  if (column === '') return known.map((name) => ({ relation, column: name }));
  return known.includes(column) ? [{ relation, column }] : [];
}

function nodesByName(manifest: Manifest): ReadonlyMap<string, Node> {
  const byName = new Map<string, Node>();
  const ranked = [...manifest.nodes.values()]
    .filter(({ kind }) => kinds.includes(kind))
    .sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
  for (const node of ranked) {
    const names = node.kind === 'source' ? [node.id, `${node.sourceName}.${node.name}`, node.name] : [node.id, node.name];
    for (const name of names) if (!byName.has(name)) byName.set(name, node);
  }
  return byName;
}

function* allNames(byName: ReadonlyMap<string, Node>, columns: ColumnGraph): Generator<string> {
  for (const [name, node] of byName) {
    yield name;
    for (const column of columns.columns.get(node.id) ?? []) yield `${name}.${column}`;
  }
}

function noColumn(node: Node, column: string, columns: ColumnGraph): GccflowError {
  const known = columns.columns.get(node.id) ?? [];
  if (known.length === 0) {
    const why = columns.unknown.get(node.id);
    return noMatch(
      `No columns of ${node.kind} '${node.name}' are known${why ? `, because ${why}` : ''}.`,
      "'gccflow check' says what is wrong with it.",
    );
  }
  const few = known.length <= 12 ? `Its columns are ${known.join(', ')}.` : undefined;
  return noMatch(`The ${node.kind} '${node.name}' has no column '${column}'.`, didYouMean(column, known) ?? few);
}

function noMatch(message: string, hint: string | undefined): GccflowError {
  return new GccflowError('SELECTOR_NO_MATCH', message, hint === undefined ? {} : { hint });
}
