import { closest, didYouMean } from '../../foundation/closest.ts';
import { GccflowError } from '../../foundation/error.ts';
import type { Manifest, Node, NodeId } from '../../manifest/manifest.ts';
import type { ColumnGraph } from './column-graph.ts';
import type { ColumnRef } from './column-ref.ts';

/** Of nodes that share a name the first of these kinds is meant. */
const kinds = ['model', 'seed', 'source', 'sync', 'sink', 'flow', 'ingest'];

/** A node that a text may mean, and the column that its rest then names; empty for all of them. */
export interface NamedColumn {
  readonly node: Node;
  readonly column: string;
}

/**
 * What a text may mean: `mart_post.views`, `source.beat.post.views`, `sync.leaderboard.month`, or a node alone. Names may hold dots, so it may be several, the
 * longest name of a node first. Throws SELECTOR_NO_MATCH with the nearest name.
 */
export function findNamed(text: string, manifest: Manifest): readonly NamedColumn[] {
  const byName = nodesByName(manifest);
  const cuts = [text.length, ...[...text.matchAll(/\./g)].map(({ index }) => index).reverse()];
  const named = cuts.flatMap((cut) => {
    const node = byName.get(text.slice(0, cut));
    return node ? [{ node, column: text.slice(cut + 1) }] : [];
  });
  if (named.length > 0) return named;
  const near = cuts.flatMap((cut) => closest(text.slice(0, cut), byName.keys())?.concat(text.slice(cut)) ?? []);
  throw noMatch(`No node of the project is called '${text}', nor has a column of that name.`, near[0] && `Did you mean '${near[0]}'?`);
}

/** The columns among what a text may mean. Throws SELECTOR_NO_MATCH with the nearest name. */
export function columnsAmong(named: readonly NamedColumn[], columns: ColumnGraph): readonly ColumnRef[] {
  const found = named.map(({ node, column }) => refsIn(node.id, column, columns)).find((refs) => refs.length > 0);
  if (found) return found;
  const [first] = named;
  throw first ? noColumn(first.node, first.column, columns) : noMatch('No node is named.', undefined);
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
