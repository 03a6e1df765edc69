import { type CrossJoinNode, childrenOf, type JoinNode, type QueryNode, type TreeNode, walkTree } from '../lineage/query-tree.ts';
import { isToken, type SqlToken } from '../sql-tokens.ts';
import type { TreeMark, TreeRule } from './tree-rule.ts';

/** Who writes CROSS JOIN means it, and a query of one row multiplies nothing. */
export const joinWithoutKeys: TreeRule = {
  summary: 'Joined relations have a key in common, unless CROSS JOIN says that none is meant.',
  hint: 'Join by columns of both sides, or write CROSS JOIN where every pair of rows is meant.',
  marksOf({ tree, tokens }) {
    const nodes = [...new Map(walkTree(tree).map((node) => [node.id, node])).values()];
    const crossed = nodes.filter((node) => node.kind === 'query' && node.from?.kind === 'crossJoin' && !isConnected(node, node.from));
    const meant = tokens.filter((token) => isToken(token, 'cross')).length;
    const commas: TreeMark[] =
      crossed.length > meant
        ? [{ offset: commaOf(tokens)?.start ?? 0, message: 'joins relations by a comma, and no condition ties them' }]
        : [];
    const free = nodes.filter((node) => node.kind === 'join' && isFree(node));
    return [
      ...commas,
      ...free.map(() => ({
        offset: conditionOf(tokens)?.start ?? 0,
        message: 'joins relations by a condition that does not name both',
      })),
    ].slice(0, 1 + free.length);
  },
};

/** Whether the condition of a join names columns of one side alone, or none. */
function isFree({ condition, left, right }: JoinNode): boolean {
  if (!condition || condition.kind === 'list' || !left || !right || hasOneRow(left) || hasOneRow(right)) return false;
  const sources = sourcesIn(condition);
  return ![left, right].every((side) => tablesOf(side).some((id) => sources.has(id)));
}

/** Whether equalities of the WHERE tie all relations of a comma join together. */
function isConnected(query: QueryNode, { tables }: CrossJoinNode): boolean {
  const sides = tables.filter((table) => !hasOneRow(table)).map(tablesOf);
  const groups = sides.map((_, index) => index);
  const conditions = query.clauses
    .filter(({ name }) => name === 'WHERE' || name === 'PREWHERE')
    .flatMap(({ nodes }) => nodes.flatMap(conjuncts));
  for (const condition of conditions) {
    if (condition.kind !== 'function' || condition.name !== 'equals') continue;
    const sources = sourcesIn(condition);
    const touched = sides.flatMap((ids, index) => (ids.some((id) => sources.has(id)) ? [groups[index]] : []));
    for (const [index, group] of groups.entries()) if (touched.includes(group)) groups[index] = touched[0] ?? group;
  }
  return new Set(groups).size <= 1;
}

function conjuncts(node: TreeNode): readonly TreeNode[] {
  return node.kind === 'function' && node.name === 'and' ? node.arguments.flatMap(conjuncts) : [node];
}

/** An aggregation without GROUP BY. */
function hasOneRow(node: TreeNode): boolean {
  if (node.kind !== 'query' || node.clauses.some(({ name }) => name === 'GROUP BY')) return false;
  const isAggregate = (part: TreeNode): boolean =>
    (part.kind === 'function' && part.functionType === 'aggregate') || (part.kind !== 'query' && childrenOf(part).some(isAggregate));
  return node.projection.some(isAggregate);
}

/** Ids that columns of a table expression may have as their source. */
function tablesOf(node: TreeNode): readonly number[] {
  const inner = node.kind === 'join' || node.kind === 'crossJoin' || node.kind === 'arrayJoin' ? childrenOf(node).flatMap(tablesOf) : [];
  return [node.id, ...inner];
}

function sourcesIn(node: TreeNode): ReadonlySet<number> {
  return new Set(walkTree(node).flatMap((part) => (part.kind === 'column' && part.source !== null ? [part.source] : [])));
}

const endsFrom = [
  'where',
  'prewhere',
  'group',
  'order',
  'having',
  'limit',
  'union',
  'except',
  'intersect',
  'array',
  'window',
  'qualify',
  'settings',
];

/** The first comma between relations. */
function commaOf(tokens: readonly SqlToken[]): SqlToken | undefined {
  for (const [start, from] of tokens.entries()) {
    if (!isToken(from, 'from')) continue;
    let depth = 0;
    for (const token of tokens.slice(start + 1)) {
      if (isToken(token, '(', '[')) depth++;
      if (isToken(token, ')', ']')) depth--;
      if (depth < 0 || (depth === 0 && isToken(token, ...endsFrom))) break;
      if (depth === 0 && isToken(token, ',')) return token;
    }
  }
  return undefined;
}

/** The ON whose condition holds no name but `true`; the first one at all where there is none. */
function conditionOf(tokens: readonly SqlToken[]): SqlToken | undefined {
  const conditions = tokens.filter((token) => isToken(token, 'on'));
  const isConstant = (on: SqlToken): boolean => {
    const [first, second, third] = tokens.slice(tokens.indexOf(on) + 1).filter((token) => !isToken(token, '('));
    return isToken(first, 'true') || (first?.kind === 'number' && (!isToken(second, '=', '==') || third?.kind === 'number'));
  };
  return conditions.find(isConstant) ?? conditions[0];
}
