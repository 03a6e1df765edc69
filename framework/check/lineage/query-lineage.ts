import { type ColumnRef, distinctRefs, type FindReadable } from './column-ref.ts';
import { elementOf } from './element-of.ts';
import { lookedUp } from './looked-up.ts';
import { type ClauseName, type ColumnNode, childrenOf, flatten, outputNames, type QueryNode, slotOf, type TreeNode } from './query-tree.ts';
import { TreeIndex } from './tree-index.ts';
import { type WrittenSlots, writtenSlots } from './written-slots.ts';

export interface QueryLineage {
  /** Output columns by position, and the columns whose values theirs are computed of. A window's partition and order count: they decide the value. */
  readonly columns: readonly { readonly name: string; readonly from: readonly ColumnRef[] }[];
  /** Columns that decide which rows there are, and in what order: filters, join and group keys, limits. */
  readonly influences: readonly ColumnRef[];
  /** Every column that the query names, and those that a `*` covers and that are used: renaming one changes the query's columns, or breaks it. */
  readonly reads: readonly ColumnRef[];
}

/** Where the columns of an analysed query come from; `raw` is its tree before analysis. Throws TreeNotUnderstood. */
export function lineageOf(tree: TreeNode, raw: TreeNode, find: FindReadable): QueryLineage {
  const written = writtenSlots(tree, raw);
  const tracer = new Tracer(new TreeIndex(tree, find), written);
  const columns = outputNames(tree).map((name, index) => ({ name, from: tracer.reach({ slots: [slotOf(tree, index)], columns: [] }) }));
  const influences = tracer.influences();
  const reads = distinctRefs([...columns.flatMap(({ from }) => from), ...influences, ...tracer.named()]);
  return { columns, influences, reads };
}

/** What an expression is computed of: output columns of queries in the tree, and columns of relations. */
interface Parts {
  readonly slots: string[];
  readonly columns: ColumnRef[];
}

/** Clauses that no row depends on: a window is printed with the function that names it, too. */
const noInfluence: ReadonlySet<ClauseName> = new Set(['WINDOW', 'INTERPOLATE']);

class Tracer {
  readonly #index: TreeIndex;
  readonly #written: WrittenSlots;
  readonly #parts = new Map<string, Parts>();

  constructor(index: TreeIndex, written: WrittenSlots) {
    this.#index = index;
    this.#written = written;
  }

  /** The columns of relations behind parts. A recursive query leads back to itself, so each slot is taken once. */
  reach(start: Parts): readonly ColumnRef[] {
    const columns = [...start.columns];
    const open = [...start.slots];
    const seen = new Set(open);
    for (let slot = open.pop(); slot !== undefined; slot = open.pop()) {
      const parts = this.#partsOf(slot);
      columns.push(...parts.columns);
      open.push(...parts.slots.filter((next) => !seen.has(next)));
      for (const next of parts.slots) seen.add(next);
    }
    return distinctRefs(columns);
  }

  influences(): readonly ColumnRef[] {
    const parts: Parts = { slots: [], columns: [] };
    for (const node of this.#index.nodes.values()) {
      for (const influence of influencesOf(node)) this.#collect(influence, parts);
    }
    return this.reach(parts);
  }

  /** Columns that the query names somewhere, asked for after the others: what only a `*` covers is left out unless something was found to use it. */
  named(): readonly ColumnRef[] {
    const { starred } = this.#written;
    const slots = [...this.#index.nodes.values()].flatMap((node) =>
      node.kind === 'query' ? node.projection.map((_, at) => slotOf(node, at)) : [],
    );
    this.reach({ slots: slots.filter((slot) => !starred.has(slot)), columns: [] });
    const unused = new Set([...starred].filter((slot) => !this.#parts.has(slot)).flatMap((slot) => this.#expressionOf(slot)?.id ?? []));
    return [...this.#index.nodes.values()].flatMap((node) => {
      if (node.kind === 'column') return unused.has(node.id) ? [] : this.#index.baseOf(node);
      if (node.kind !== 'function') return [];
      const tables = node.arguments.flatMap((argument) => (argument.kind === 'table' ? this.#index.allOf(argument.name) : []));
      return [...tables, ...lookedUp(node, this.#index.find)];
    });
  }

  #expressionOf(slot: string): TreeNode | undefined {
    const [id = -1, index = 0] = slot.split(':').map(Number);
    const node = this.#index.nodes.get(id);
    return node?.kind === 'query' ? node.projection[index] : undefined;
  }

  #partsOf(slot: string): Parts {
    const known = this.#parts.get(slot);
    if (known) return known;
    const parts: Parts = { slots: [], columns: [] };
    const [id = -1, index = 0] = slot.split(':').map(Number);
    const node = this.#index.nodes.get(id);
    for (const expression of node?.kind === 'query' ? outputOf(node, index) : []) {
      if (expression.kind === 'column' && this.#written.qualified.has(slot)) this.#collectColumn(expression, parts);
      else this.#collect(expression, parts);
    }
    if (node?.kind === 'union') parts.slots.push(...givingRows(node.mode, node.queries).map((query) => slotOf(query, index)));
    this.#parts.set(slot, parts);
    return parts;
  }

  /** Adds what the value of an expression is computed of. */
  #collect(node: TreeNode, into: Parts): void {
    if (node.kind === 'column') {
      for (const column of this.#index.withPartners(node)) this.#collectColumn(column, into);
      return;
    }
    if (node.kind === 'query' || node.kind === 'union') {
      into.slots.push(...outputNames(node).map((_, index) => slotOf(node, index)));
      return;
    }
    if (node.kind === 'table') into.columns.push(...this.#index.allOf(node.name));
    if (node.kind === 'function') {
      const element = elementOf(node, (column) => this.#index.behind(column));
      for (const part of element ?? childrenOf(node)) this.#collect(part, into);
      into.columns.push(...lookedUp(node, this.#index.find));
      return;
    }
    for (const child of childrenOf(node)) this.#collect(child, into);
  }

  #collectColumn(column: ColumnNode, into: Parts): void {
    const source = this.#index.sourceOf(column);
    if (source?.kind === 'query' || source?.kind === 'union') {
      into.slots.push(...outputNames(source).flatMap((name, index) => (name === column.name ? [slotOf(source, index)] : [])));
    } else if (source?.kind === 'arrayJoin') {
      const joined = this.#index.behind(column);
      if (joined) this.#collect(joined, into);
    } else if (source?.kind === 'join') {
      if (column.expression) this.#collect(column.expression, into);
    } else {
      into.columns.push(...this.#index.baseOf(column));
    }
  }
}

/** The expression of an output column, and the one that fills its gaps. */
function outputOf(query: QueryNode, index: number): readonly TreeNode[] {
  const expression = query.projection[index];
  if (!expression) return [];
  const fills = query.clauses.filter(({ name }) => name === 'INTERPOLATE').flatMap(({ nodes }) => flatten(nodes));
  const fill = fills.find((node) => node.kind === 'interpolate' && node.name === query.columns?.[index]?.name);
  return [expression, ...(fill?.kind === 'interpolate' && fill.expression ? [fill.expression] : [])];
}

/** Parts of a node that say which rows there are. */
function influencesOf(node: TreeNode): readonly TreeNode[] {
  if (node.kind === 'query') return node.clauses.filter(({ name }) => !noInfluence.has(name)).flatMap(({ nodes }) => nodes);
  if (node.kind === 'join') return node.condition ? [node.condition] : [];
  if (node.kind === 'arrayJoin') return node.expressions;
  return node.kind === 'union' ? node.queries.slice(givingRows(node.mode, node.queries).length) : [];
}

/** The queries of a union whose rows come out: of EXCEPT the first alone. */
function givingRows(mode: string, queries: readonly TreeNode[]): readonly TreeNode[] {
  return mode.startsWith('EXCEPT') ? queries.slice(0, 1) : queries;
}
