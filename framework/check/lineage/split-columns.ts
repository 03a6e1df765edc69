import type { TreeColumn, TreeNode } from './query-tree.ts';
import { type OutlineSection, TreeNotUnderstood } from './read-outline.ts';

/**
 * The columns that PROJECTION COLUMNS lists, each printed as its name, a space and its type. A name may hold spaces and line ends, so the end of each is found
 * by the type of its node. Throws TreeNotUnderstood where there are fewer columns than nodes.
 */
export function splitColumns(section: OutlineSection, projection: readonly TreeNode[]): readonly TreeColumn[] {
  const lines = [...section.lines];
  const columns = projection.map((node, index) => {
    const type = typeOf(node);
    let entry = (lines.shift() ?? '').slice(section.indent);
    while (lines.length > projection.length - index - 1 && !(type && entry.endsWith(` ${type}`))) entry += `\n${lines.shift()}`;
    return splitColumn(entry, type);
  });
  if (lines.length > 0 || columns.some(({ type }) => type === '')) throw new TreeNotUnderstood('columns that do not match its expressions');
  return columns;
}

function splitColumn(entry: string, type: string | null): TreeColumn {
  if (type && entry.endsWith(` ${type}`)) return { name: entry.slice(0, -type.length - 1), type };
  for (let at = entry.lastIndexOf(' '); at >= 0; at = entry.lastIndexOf(' ', at - 1)) {
    const rest = entry.slice(at + 1);
    if (/^[A-Z]/.test(rest) && isBalanced(rest)) return { name: entry.slice(0, at), type: rest };
    if (at === 0) break;
  }
  return { name: entry, type: '' };
}

function typeOf(node: TreeNode): string | null {
  if (node.kind === 'column' || node.kind === 'function' || node.kind === 'constant') return node.type || null;
  return null;
}

function isBalanced(type: string): boolean {
  return type.split('(').length === type.split(')').length;
}
