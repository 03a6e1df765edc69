import { formatDuration } from '../foundation/duration.ts';
import type { RunEvent } from '../run/run-deps.ts';
import { formatStatus } from './format-run.ts';
import type { Style } from './output.ts';
import type { Progress, ProgressOptions } from './progress.ts';
import { timestamp } from './text-log.ts';

/** A plain line with the time for every start and end of a node, for logs that are read later. */
export function openLineProgress({ output, clock, total }: ProgressOptions): Progress {
  let done = 0;
  const paint = (style: Style, text: string): string => output.paint('stderr', style, text);
  const note = (text: string): void => output.note(`${timestamp(clock)} ${text}`);
  const onEvent = (event: RunEvent): void => {
    switch (event.kind) {
      case 'waiting':
        note(`waiting for the run ${event.holder.run} (${event.holder.command}), which holds nodes of this one`);
        break;
      case 'started':
        if (!event.node.startsWith('test.')) note(`start ${event.node}`); // most are over at once, and their end is told
        break;
      case 'retrying':
        note(`again ${event.node} in ${formatDuration(event.delayMs)}, attempt ${event.attempt}: ${event.reason}`);
        break;
      case 'intervals':
        if (event.done > 0 && event.done < event.total) note(`${event.node}: ${event.done} of ${event.total} intervals`); // the end tells of all
        break;
      case 'progress':
        break;
      case 'finished': {
        const { node, status, durationMs, startedAt, message } = event.result;
        const time = startedAt === null ? '' : ` in ${formatDuration(durationMs)}`;
        const [reason = ''] = message.split('\n');
        note(`[${++done}/${total}] ${formatStatus(status, paint)} ${node}${time}${reason === '' ? '' : `: ${reason}`}`);
      }
    }
  };
  return { onEvent, [Symbol.dispose]: () => {} };
}
