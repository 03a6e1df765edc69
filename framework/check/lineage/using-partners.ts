import { type ColumnNode, flatten, type JoinNode, type TreeNode } from './query-tree.ts';

export function columnKey({ source, name }: ColumnNode): string {
  return `${source}:${name}`;
}

/**
 * For the column that a name in USING stands for, its partner of the other side, whose values are the same. ClickHouse takes the left one, and of a RIGHT JOIN
 * the right one; of a FULL JOIN it says itself that both are read. Where rows have no partner (ANTI), or an unequal one (the last key of ASOF), there is none.
 */
export function usingPartners(nodes: Iterable<TreeNode>): ReadonlyMap<string, readonly ColumnNode[]> {
  const partners = new Map<string, ColumnNode[]>();
  for (const node of nodes) {
    if (node.kind !== 'join' || node.condition?.kind !== 'list') continue;
    for (const [left, right] of keyPairs(node, node.condition.nodes)) {
      const [taken, other] = node.joinKind === 'RIGHT' ? [right, left] : [left, right];
      partners.set(columnKey(taken), [...(partners.get(columnKey(taken)) ?? []), other]);
    }
  }
  return partners;
}

function keyPairs(join: JoinNode, keys: readonly TreeNode[]): readonly (readonly [ColumnNode, ColumnNode])[] {
  if (join.joinKind === 'FULL' || join.strictness === 'ANTI') return [];
  const equal = join.strictness === 'ASOF' ? keys.slice(0, -1) : keys;
  return equal.flatMap((key) => {
    const [left, right] = key.kind === 'column' && key.expression ? flatten([key.expression]) : [];
    return left?.kind === 'column' && right?.kind === 'column' ? [[left, right] as const] : [];
  });
}
