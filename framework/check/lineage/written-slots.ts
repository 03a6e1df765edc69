import { type QueryNode, slotOf, type TreeNode } from './query-tree.ts';

/** The CTEs that a query may name, each with those that it may name itself. */
type Scope = ReadonlyMap<string, { readonly raw: TreeNode; readonly scope: Scope }>;

/** What the author wrote for output columns of an analysed tree, which tells no longer. */
export interface WrittenSlots {
  /** Only covered by a `*`: where nobody uses one, nothing breaks when it goes. */
  readonly starred: ReadonlySet<string>;
  /** Written with the relation's name, `a.id`: of a key of USING one side alone is meant. */
  readonly qualified: ReadonlySet<string>;
}

interface Slots {
  readonly starred: Set<string>;
  readonly qualified: Set<string>;
}

/** Goes through the tree before analysis at the side of the analysed one. Queries within expressions are passed over. */
export function writtenSlots(tree: TreeNode, raw: TreeNode): WrittenSlots {
  const slots = { starred: new Set<string>(), qualified: new Set<string>() };
  pair(tree, raw, new Map(), slots);
  return slots;
}

function pair(node: TreeNode | null | undefined, raw: TreeNode | null | undefined, scope: Scope, slots: Slots): void {
  if (!node || !raw) return;
  if (raw.kind === 'identifier') {
    const cte = node.kind === 'query' || node.kind === 'union' ? scope.get(raw.name) : undefined;
    if (cte) pair(node, cte.raw, cte.scope, slots);
  } else if (node.kind === 'query' && raw.kind === 'query') {
    noteProjection(node, raw, slots);
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

function noteProjection(node: QueryNode, raw: QueryNode, slots: Slots): void {
  const matchers = raw.projection.filter((part) => part.kind === 'matcher');
  const named = raw.projection.flatMap((part) => (part.kind === 'identifier' ? [part.name] : []));
  for (const [index, part] of node.projection.entries()) {
    if (part.kind !== 'column') continue;
    const written = raw.projection[index];
    const isStarred = matchers.length > 0 && !named.some((name) => name === part.name || name.endsWith(`.${part.name}`));
    if (isStarred) slots.starred.add(slotOf(node, index));
    const isQualified = isStarred
      ? matchers.every(({ qualified }) => qualified)
      : matchers.length === 0 && written?.kind === 'identifier' && written.name.endsWith(`.${part.name}`);
    if (isQualified) slots.qualified.add(slotOf(node, index));
  }
}

/** A CTE sees those that stand before it. */
function withCtes({ with: declared }: QueryNode, outer: Scope): Scope {
  let scope = outer;
  for (const raw of declared) {
    if ((raw.kind === 'query' || raw.kind === 'union') && raw.cteName !== null) scope = new Map([...scope, [raw.cteName, { raw, scope }]]);
  }
  return scope;
}
