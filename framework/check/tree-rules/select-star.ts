import { type QueryNode, slotOf, type TreeNode, walkTree } from '../lineage/query-tree.ts';
import { writtenSlots } from '../lineage/written-slots.ts';
import { isToken, type SqlToken } from '../sql-tokens.ts';
import type { TreeRule } from './tree-rule.ts';

/** A `*` over a CTE that lists its columns gives what is written, so only one that reaches a relation counts. */
export const selectStar: TreeRule = {
  summary: 'A model that is served lists its columns.',
  hint: 'List the columns: a column that is added above would appear here, and one that is renamed would be lost.',
  marksOf({ tree, raw, tokens }) {
    const nodes = new Map(walkTree(tree).map((node) => [node.id, node]));
    const { starred } = writtenSlots(tree, raw);
    const isOpen = outputQueries(tree).some((query) => query.projection.some((_, index) => reachesRelation(query, index, nodes, starred)));
    if (!isOpen) return [];
    const star = starOf(tokens);
    const offset = (star ?? tokens.find((token) => isToken(token, 'columns')))?.start ?? 0;
    return [{ offset, message: `selects ${star ? '*' : 'COLUMNS'}, so that its columns are whatever the relations have that it reads` }];
  },
};

/** The queries whose rows come out. */
function outputQueries(node: TreeNode): readonly QueryNode[] {
  if (node.kind === 'union') return node.queries.flatMap(outputQueries);
  return node.kind === 'query' ? [node] : [];
}

function reachesRelation(query: QueryNode, index: number, nodes: ReadonlyMap<number, TreeNode>, starred: ReadonlySet<string>): boolean {
  const column = query.projection[index];
  if (!starred.has(slotOf(query, index)) || column?.kind !== 'column') return false;
  const source = nodes.get(column.source ?? -1);
  const inner = source ? outputQueries(source) : [];
  if (inner.length === 0) return true;
  return inner.some((next) => reachesRelation(next, next.columns?.findIndex(({ name }) => name === column.name) ?? -1, nodes, starred));
}

/** The `*` that stands for columns with the fewest brackets around it. */
function starOf(tokens: readonly SqlToken[]): SqlToken | undefined {
  let depth = 0;
  let best: { readonly token: SqlToken; readonly depth: number } | undefined;
  for (const [index, token] of tokens.entries()) {
    if (isToken(token, '(')) depth++;
    if (isToken(token, ')')) depth--;
    const isStar = isToken(token, '*') && isToken(tokens[index - 1], 'select', 'distinct', ',', '.');
    if (isStar && (!best || depth < best.depth)) best = { token, depth };
  }
  return best?.token;
}
