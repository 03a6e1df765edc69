import type { TopologyChange } from '../connections/broker.ts';

/** One line a thing, what needs a hand first; of a mismatch both sides. */
export function formatTopology(changes: readonly TopologyChange[]): string {
  const shown = order.flatMap((action) => changes.filter((change) => change.action === action));
  return shown.map(formatChange).join('\n');
}

/** What is there already is counted only. */
const order = ['mismatch', 'create', 'unknown'] as const;
const words = { mismatch: 'differs', create: 'create', unknown: 'ensure', none: 'is there' } as const;

function formatChange({ kind, name, action, difference }: TopologyChange): string {
  const line = `${words[action].padEnd(7)}  ${kind.padEnd(8)}  ${name}`;
  return difference === null ? line : `${line}: ${difference.property} is ${difference.actual}, declared is ${difference.declared}`;
}

/** How many of each, for the last line. */
export function countTopology(changes: readonly TopologyChange[]): string {
  const count = (action: TopologyChange['action']): number => changes.filter((change) => change.action === action).length;
  const parts: readonly (readonly [number, string])[] = [
    [count('mismatch'), 'differ'],
    [count('create'), 'to create'],
    [count('unknown'), 'that the broker does not tell of'],
    [count('none'), 'are there'],
  ];
  return parts.flatMap(([number, what]) => (number === 0 ? [] : [`${number} ${what}`])).join(', ');
}
