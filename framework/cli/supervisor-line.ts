import type { ToChild } from '../scrape/worker/child-message.ts';
import type { SupervisorLine } from '../scrape/worker/run-child.ts';

/** How long aborted tasks and closing may take when the supervisor is gone. */
const endMs = 4_000;

/**
 * The line of a process that was forked by a worker. Signals of the terminal reach the supervisor too, which knows what is to become of the
 * tasks, so this process does not heed them. It ends when its
 * supervisor has.
 */
export function openSupervisorLine(): SupervisorLine {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {});
  process.once('disconnect', () => setTimeout(() => process.exit(1), endMs).unref());
  return {
    send: (message) => {
      if (process.connected) process.send?.(message, undefined, {}, () => {}); // a supervisor that is gone is told by `onLost`
    },
    onMessage: (listener) => process.on('message', (message) => listener(message as ToChild)),
    onLost: (listener) => process.once('disconnect', listener),
    rss: () => process.memoryUsage.rss(),
  };
}
