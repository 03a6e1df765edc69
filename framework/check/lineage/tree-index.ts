import type { ColumnRef, FindReadable, Readable } from './column-ref.ts';
import { type ColumnNode, type TreeNode, walkTree } from './query-tree.ts';
import { TreeNotUnderstood } from './read-outline.ts';
import { tableNamed } from './table-named.ts';
import { columnKey, usingPartners } from './using-partners.ts';

/** Table functions whose rows come from tables of the graph, by a query or names that the tree does not resolve. */
const opaque = new Set([
  'view',
  'viewIfPermitted',
  'viewExplain',
  'merge',
  'loop',
  'cluster',
  'clusterAllReplicas',
  'remote',
  'remoteSecure',
]);

/** The nodes of a tree by their ids, and what its columns are columns of. */
export class TreeIndex {
  readonly nodes: ReadonlyMap<number, TreeNode>;
  readonly find: FindReadable;
  readonly #recursive: ReadonlyMap<string, TreeNode>;
  readonly #partners: ReadonlyMap<string, readonly ColumnNode[]>;

  /** Throws TreeNotUnderstood for a tree whose columns cannot all be followed. */
  constructor(tree: TreeNode, find: FindReadable) {
    const nodes = walkTree(tree);
    for (const node of nodes) {
      if (node.kind === 'tableFunction' && opaque.has(node.name)) throw new TreeNotUnderstood(`a table function '${node.name}'`);
      if (node.kind === 'function' && node.name === '__getScalar')
        throw new TreeNotUnderstood('the value of a subquery without the subquery');
      if (node.kind === 'identifier' || node.kind === 'matcher') throw new TreeNotUnderstood('a name that is not resolved');
    }
    this.nodes = new Map(nodes.toReversed().map((node) => [node.id, node])); // a node that is printed again is the same
    this.find = find;
    this.#recursive = new Map(nodes.flatMap((node) => (node.kind === 'union' && node.recursiveTable ? [[node.recursiveTable, node]] : [])));
    this.#partners = usingPartners(this.nodes.values());
  }

  /** What a column is a column of. A recursive query reads itself by the name of a table. */
  sourceOf(column: ColumnNode): TreeNode | undefined {
    const source = this.nodes.get(column.source ?? -1);
    const recursive = source?.kind === 'table' ? this.#recursive.get(source.name.replaceAll('`', '')) : undefined;
    return recursive ?? source;
  }

  /** The expression that a column of a subquery, or of ARRAY JOIN, stands for; null for a column of anything else, or of several queries. */
  behind(column: TreeNode): TreeNode | null {
    const source = column.kind === 'column' ? this.sourceOf(column) : undefined;
    if (column.kind !== 'column' || !source) return null;
    if (source.kind === 'query') return source.projection[source.columns?.findIndex(({ name }) => name === column.name) ?? -1] ?? null;
    const joined =
      source.kind === 'arrayJoin' ? source.expressions.find((node) => node.kind === 'column' && node.name === column.name) : undefined;
    return joined?.kind === 'column' ? joined.expression : null;
  }

  /** The column, and those that USING makes one with it. */
  withPartners(column: ColumnNode): readonly ColumnNode[] {
    return [column, ...(this.#partners.get(columnKey(column)) ?? [])];
  }

  /** The column of a relation that a node names, or whose part it names: `tags.size0` is a part of `tags`. None for `_part` and the like. */
  baseOf(column: ColumnNode): readonly ColumnRef[] {
    const found = this.#readableOf(this.sourceOf(column));
    if (!found) return [];
    const { id, columns } = found;
    if (columns === null) return [{ relation: id, column: column.name }];
    const whole = columns.filter((name) => column.name === name || column.name.startsWith(`${name}.`));
    const [longest] = whole.sort((a, b) => b.length - a.length);
    return longest === undefined ? [] : [{ relation: id, column: longest }];
  }

  /** Every column of a table: what `x in table` reads. */
  allOf(table: string): readonly ColumnRef[] {
    const found = this.find(tableNamed(table));
    return found?.columns?.map((column) => ({ relation: found.id, column })) ?? [];
  }

  #readableOf(source: TreeNode | undefined): Readable | null {
    if (source?.kind === 'table') return this.find(tableNamed(source.name));
    const [first] = source?.kind === 'tableFunction' && source.name === 'dictionary' ? source.arguments : [];
    return first?.kind === 'constant' ? this.find(tableNamed(first.value.replace(/^'|'$/g, ''))) : null;
  }
}
