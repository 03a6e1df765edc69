import type { NodeId } from '../manifest/manifest.ts';
import type { ChangedColumn } from '../plan/diff-columns.ts';
import type { ChangedNode, StateDiff } from '../plan/diff-state.ts';

/** A difference as a comment on a pull request, in GitHub's Markdown. */
export function formatDiff({ state, nodes, columns, consumers, comparedByTemplate }: StateDiff): string {
  if (nodes.length === 0 && columns.length === 0) return `Nothing changes against \`${state}\`.`;
  const tests = nodes.filter(({ node }) => isTest(node));
  const others = nodes.filter(({ node }) => !isTest(node));
  const parts = [
    `### Changes against \`${state}\``,
    `${countChanges(others)}${tests.length === 0 ? '' : `; of tests ${countChanges(tests)}`}.`,
    others.length > 0 ? formatTable(['node', 'change', 'file'], others.map(nodeRow)) : '',
    columns.length > 0 ? `#### Columns\n\n${formatTable(['column', 'change', 'read by'], columns.map(columnRow))}` : '',
    consumers.length > 0
      ? `#### Made of it\n\n${formatTable(
          ['consumer', 'of'],
          consumers.map(({ node, of }) => [code(node), of.map(code).join(', ')]),
        )}`
      : '',
    tests.length > 0
      ? `<details><summary>Tests</summary>\n\n${formatTable(['test', 'change', 'file'], tests.map(nodeRow))}\n\n</details>`
      : '',
    comparedByTemplate > 0 ? `The state holds no facts of ${comparedByTemplate} nodes: their templates alone were compared.` : '',
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

const isTest = (id: NodeId): boolean => /^(unit_)?test\./.test(id);

function countChanges(nodes: readonly ChangedNode[]): string {
  const counts = (['new', 'modified', 'removed'] as const).flatMap((change) => {
    const count = nodes.filter((node) => node.change === change).length;
    return count === 0 ? [] : [`${count} ${change}`];
  });
  return counts.join(', ') || 'no node';
}

function nodeRow({ node, change, in: differing, file }: ChangedNode): readonly string[] {
  const what = differing.length === 0 ? change : `${change}: ${differing.join(', ').replaceAll('_', ' ')}`;
  return [code(node), what, file === '' ? '' : code(file)];
}

function columnRow({ node, column, change, from, to, readBy }: ChangedColumn): readonly string[] {
  const types = {
    added: to === null ? 'added' : `added: ${code(to)}`,
    removed: 'removed',
    retyped: `${code(from ?? '')} → ${code(to ?? '')}`,
  };
  return [code(`${node}.${column}`), types[change], readBy === null ? 'unknown' : readBy.map(code).join(', ')];
}

function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Code in a cell, where a bar would end it. */
function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
}
