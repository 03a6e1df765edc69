import { type QueryNode, slotOf, type TreeNode } from './query-tree.ts';

/** The CTEs that a query may name, each with those that it may name itself. */
type Scope = ReadonlyMap<string, { readonly raw: TreeNode; readonly scope: Scope }>;

/**
 * The output columns that stand in an analysed tree only because a `*` covers them, found by going through the tree before analysis at its side. Where nobody uses
 * one, nothing breaks when it goes. Queries within expressions are passed over.
 */
export function starSlots(tree: TreeNode, raw: TreeNode): ReadonlySet<string> {
  const slots = new Set<string>();
  pair(tree, raw, new Map(), slots);
  return slots;
}

function pair(node: TreeNode | null | undefined, raw: TreeNode | null | undefined, scope: Scope, slots: Set<string>): void {
  if (!node || !raw) return;
  if (raw.kind === 'identifier') {
    const cte = node.kind === 'query' || node.kind === 'union' ? scope.get(raw.name) : undefined;
    if (cte) pair(node, cte.raw, cte.scope, slots);
  } else if (node.kind === 'query' && raw.kind === 'query') {
    for (const slot of coveredBy(node, raw)) slots.add(slot);
    pair(node.from, raw.from, withCtes(raw, scope), slots);
  } else if (node.kind === 'union' && raw.kind === 'union') {
    for (const [index, query] of node.queries.entries()) pair(query, raw.queries[index], scope, slots);
  } else if (node.kind === 'join' && raw.kind === 'join') {
    pair(node.left, raw.left, scope, slots);
    pair(node.right, raw.right, scope, slots);
  } else if (node.kind === 'crossJoin' && raw.kind === 'crossJoin') {
    for (const [index, table] of node.tables.entries()) pair(table, raw.tables[index], scope, slots);
  } else if (node.kind === 'arrayJoin' && raw.kind === 'arrayJoin') {
    pair(node.table, raw.table, scope, slots);
  }
}

function coveredBy(node: QueryNode, raw: QueryNode): readonly string[] {
  if (!raw.projection.some(({ kind }) => kind === 'matcher')) return [];
  const named = raw.projection.flatMap((part) => (part.kind === 'identifier' ? [part.name] : []));
  return node.projection.flatMap((part, index) => {
    const isNamed = part.kind !== 'column' || named.some((name) => name === part.name || name.endsWith(`.${part.name}`));
    return isNamed ? [] : [slotOf(node, index)];
  });
}

/** A CTE sees those that stand before it. */
function withCtes({ with: declared }: QueryNode, outer: Scope): Scope {
  let scope = outer;
  for (const raw of declared) {
    if ((raw.kind === 'query' || raw.kind === 'union') && raw.cteName !== null) scope = new Map([...scope, [raw.cteName, { raw, scope }]]);
  }
  return scope;
}
