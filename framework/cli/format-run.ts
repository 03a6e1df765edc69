import { formatDuration } from '../foundation/duration.ts';
import type { NodeResult, NodeStatus, RunResult } from '../run/run-result.ts';
import { pad } from './format-table.ts';
import type { Style } from './output.ts';

export type Paint = (style: Style, text: string) => string;

/** One line a node: status, node, rows, time, and the reason where there is more to say, `redact`ed before it is cut. */
export function formatSummary({ nodes }: RunResult, paint: Paint, redact: (text: string) => string): string {
  const nodeWidth = Math.max(0, ...nodes.map(({ node }) => node.length));
  const rowsWidth = Math.max(0, ...nodes.map((result) => formatRows(result).length));
  return nodes
    .map((result) => {
      const { node, status, startedAt, durationMs } = result;
      const time = startedAt === null ? '' : formatDuration(durationMs);
      const cells = [
        pad(formatStatus(status, paint), 9),
        pad(node, nodeWidth),
        pad(formatRows(result), rowsWidth, 'right'),
        pad(time, 8, 'right'),
      ];
      return `${cells.join('  ')}  ${formatReason(result, redact)}`.trimEnd();
    })
    .join('\n');
}

/** `12 ok, 1 failed, 2 skipped in 3.4 s`. */
export function formatTotals({ nodes, durationMs }: RunResult, paint: Paint): string {
  const counted = outcomes.flatMap(({ word, statuses, style }) => {
    const count = nodes.filter(({ status }) => statuses.includes(status)).length;
    return count === 0 && word !== 'ok' ? [] : [paint(count === 0 ? 'reset' : style, `${count} ${word}`)];
  });
  return `${counted.join(', ')} in ${formatDuration(durationMs)}`;
}

/** What a node came to, as a word in its color. */
export function formatStatus(status: NodeStatus, paint: Paint): string {
  const word = status === 'success' ? 'ok' : status;
  return paint(outcomes.find(({ statuses }) => statuses.includes(status))?.style ?? 'reset', word);
}

const outcomes: readonly { readonly word: string; readonly statuses: readonly NodeStatus[]; readonly style: Style }[] = [
  { word: 'ok', statuses: ['success', 'pass', 'unchanged'], style: 'green' },
  { word: 'warned', statuses: ['warn'], style: 'yellow' },
  { word: 'failed', statuses: ['error', 'fail'], style: 'red' },
  { word: 'skipped', statuses: ['skipped'], style: 'yellow' },
  { word: 'cancelled', statuses: ['cancelled'], style: 'yellow' },
];

function formatRows({ rowsWritten, failures }: NodeResult): string {
  const rows = rowsWritten ?? (failures === 0 ? null : failures);
  return rows === null ? '' : rows.toLocaleString('en');
}

const maxReason = 120;

/** The first line of the message, where it says more than the status and the number of rows. Errors follow in full. */
function formatReason({ message, rowsWritten, failures, status }: NodeResult, redact: (text: string) => string): string {
  if (status === 'pass' && failures === 0) return '';
  const [first = ''] = redact(message).split('\n');
  if (rowsWritten !== null && /^[\d,]+ rows?$/.test(first)) return '';
  return first.length > maxReason ? `${first.slice(0, maxReason - 1)}…` : first;
}
