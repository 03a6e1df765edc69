import { floorTo, type Interval, parseInstant, shiftBy } from './interval.ts';
import type { Node } from './manifest.ts';

/** The first interval of a model that is built by intervals; null for any other node. */
export function firstInterval(node: Node): Interval | null {
  if (node.kind !== 'model' || node.config.incremental_strategy !== 'interval') return null;
  const { begin, batch_size: size } = node.config;
  const instant = begin === null ? null : parseInstant(begin);
  if (instant === null || size === null) return null;
  const start = floorTo(instant, size);
  return { start, end: shiftBy(start, size, 1) };
}
