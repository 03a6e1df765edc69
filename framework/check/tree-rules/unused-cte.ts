import { childrenOf, type TreeNode, walkTree } from '../lineage/query-tree.ts';
import { isToken, type SqlToken } from '../sql-tokens.ts';
import type { TreeRule } from './tree-rule.ts';

/** What only an unused CTE reads is unused, too. */
export const unusedCte: TreeRule = {
  summary: 'Every CTE is read.',
  hint: 'Remove it, or read it.',
  marksOf({ raw, tokens }) {
    const used = usedNames(raw);
    const declared = new Set(walkTree(raw).flatMap((node) => cteNameOf(node) ?? []));
    return [...declared]
      .filter((name) => !used.has(name))
      .map((name) => ({ offset: declarationOf(name, tokens)?.start ?? 0, message: `declares the CTE '${name}' and does not read it` }));
  },
};

/** Names that the query itself reads, or a CTE that is read does. */
function usedNames(root: TreeNode): ReadonlySet<string> {
  const bodies = Map.groupBy(
    walkTree(root).filter((node) => cteNameOf(node) !== null),
    (node) => cteNameOf(node) ?? '',
  );
  const used = new Set(namesOutsideCtes(root));
  for (const name of used) for (const body of bodies.get(name) ?? []) for (const inner of namesOutsideCtes(body)) used.add(inner);
  return used;
}

function namesOutsideCtes(root: TreeNode): readonly string[] {
  const names: string[] = [];
  const open = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.kind === 'identifier') names.push(node.name);
    open.push(...childrenOf(node).filter((child) => cteNameOf(child) === null));
  }
  return names;
}

function cteNameOf(node: TreeNode): string | null {
  return node.kind === 'query' || node.kind === 'union' ? node.cteName : null;
}

function declarationOf(name: string, tokens: readonly SqlToken[]): SqlToken | undefined {
  return tokens.find((token, index) => token.value === name && token.kind !== 'text' && isToken(tokens[index + 1], 'as', '('));
}
