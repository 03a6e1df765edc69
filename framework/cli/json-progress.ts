import type { RunEvent } from '../run/run-deps.ts';
import type { Progress, ProgressOptions } from './progress.ts';

/** Every event of a run as a line of the log, with a stable message to look for. */
export function openJsonProgress({ log, total }: ProgressOptions): Progress {
  let done = 0;
  const onEvent = (event: RunEvent): void => {
    switch (event.kind) {
      case 'waiting':
        log.info({ run: event.holder.run, command: event.holder.command, holder: event.holder.holder }, 'waited for another run');
        break;
      case 'started':
        log.info({ node: event.node }, 'node started');
        break;
      case 'progress':
        log.debug({ node: event.node, read_rows: event.readRows, total_rows: event.totalRows }, 'rows read');
        break;
      case 'intervals':
        log.info({ node: event.node, intervals: event.done, total_intervals: event.total }, 'intervals published');
        break;
      case 'retrying':
        log.warn({ node: event.node, attempt: event.attempt, delay_ms: event.delayMs, reason: event.reason }, 'node retried');
        break;
      case 'finished': {
        const { node, status, durationMs, rowsWritten, failures, message, error, skippedBy } = event.result;
        const level = status === 'error' || status === 'fail' ? 'error' : status === 'warn' || status === 'skipped' ? 'warn' : 'info';
        const code = error === null ? {} : { code: error.code, hint: error.hint, at: error.at };
        const cost = { duration_ms: Math.round(durationMs), rows: rowsWritten, failures };
        log[level]({ node, status, ...cost, reason: message, skipped_by: skippedBy, ...code, done: ++done, total }, 'node finished');
      }
    }
  };
  return { onEvent, [Symbol.dispose]: () => {} };
}
