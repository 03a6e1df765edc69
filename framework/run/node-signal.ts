import { formatDuration } from '../foundation/duration.ts';
import { GccflowError } from '../foundation/error.ts';
import type { PlannedBuild } from '../plan/plan.ts';

/** A signal that aborts with the run, or with NODE_TIMEOUT when the node's time is over. */
export function openNodeSignal({ node, timeoutMs }: PlannedBuild, run: AbortSignal): { readonly signal: AbortSignal } & Disposable {
  if (timeoutMs === null) return { signal: run, [Symbol.dispose]: () => {} };
  const controller = new AbortController();
  const timer = setTimeout(() => {
    const message = `'${node}' ran longer than its timeout of ${formatDuration(timeoutMs)}. Its statement was ended.`;
    controller.abort(new GccflowError('NODE_TIMEOUT', message, { hint: `Raise 'timeout' in its config, or give it less to do.` }));
  }, timeoutMs);
  return { signal: AbortSignal.any([run, controller.signal]), [Symbol.dispose]: () => clearTimeout(timer) };
}
