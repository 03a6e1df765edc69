import type { Clock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';
import type { RunEvent } from '../run/run-deps.ts';
import type { Output } from './output.ts';

/** Shows what goes on in a run, on stderr. Disposing it leaves the terminal as it was. */
export interface Progress extends Disposable {
  readonly onEvent: (event: RunEvent) => void;
}

export interface ProgressOptions {
  /** Nodes that the run is going to finish. */
  readonly total: number;
  readonly output: Output;
  readonly log: Log;
  readonly clock: Clock;
  readonly format: 'text' | 'json';
}

/** The progress that suits the reader: a live display on a terminal, plain lines elsewhere, JSON on demand, nothing when quiet. */
export async function openProgress(options: ProgressOptions): Promise<Progress> {
  const { format, output } = options;
  if (format === 'json') return (await import('./json-progress.ts')).openJsonProgress(options);
  if (output.quiet) return { onEvent: () => {}, [Symbol.dispose]: () => {} };
  if (output.stderr.isTTY) return (await import('./live-progress.ts')).openLiveProgress(options);
  return (await import('./line-progress.ts')).openLineProgress(options);
}
