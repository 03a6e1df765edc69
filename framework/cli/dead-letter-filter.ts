import type { Clock } from '../foundation/clock.ts';
import { parseDuration } from '../foundation/duration.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Node, SinkNode } from '../manifest/manifest.ts';
import type { DeadLetterFilter } from '../sink/dead-letters.ts';
import type { Values } from './command.ts';

/** Which dead letters of a sink. */
export const filterOptions = {
  code: { type: 'list', value: 'CODE', description: 'Those with one of these reason codes, e.g. FIELD_TYPE.' },
  since: { type: 'text', value: 'DURATION', description: 'Those that failed within this time, e.g. 30m, 1h or 2d.' },
  id: { type: 'list', value: 'ID', description: 'Those with one of these message ids.' },
} as const;

/** The sink that a command is about. */
export const sinkPositional = { name: 'sink', description: 'Name of a sink.', required: true, completes: 'sink' } as const;

/** Throws USAGE for a duration that is none. */
export function parseFilter({ code, since, id }: Values<typeof filterOptions>, clock: Clock): DeadLetterFilter {
  const ms = since === undefined ? null : parseDuration(since);
  if (ms === undefined)
    throw new GccflowError('USAGE', `'--since' takes a duration, not '${since}'.`, { hint: 'Write for example 30m or 1h.' });
  return { codes: code, ids: id, since: ms === null ? null : new Date(clock.now().getTime() - ms) };
}

/** Said where no dead letter was touched: a code may be misspelt. */
export const noneFits = (sink: string): string =>
  `no dead letter of '${sink}' fits; \`gccflow dead-letters ls --select ${sink}\` counts them by code`;

export function isSink(node: Node): node is SinkNode {
  return node.kind === 'sink';
}
