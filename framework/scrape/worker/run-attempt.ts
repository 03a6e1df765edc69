import { formatDuration } from '../../foundation/duration.ts';
import { messageOf } from '../../foundation/error.ts';
import type { LeasedTask } from '../queue/task.ts';
import type { AbortCause } from './child-message.ts';
import { retryWaitMs } from './retry-wait.ts';
import type { Outcome, RunTask } from './run-task.ts';

/** What a child knows of a flow. */
export interface RunningFlow {
  readonly run: RunTask;
  readonly timeoutMs: number;
  /** Wait before the second attempt. */
  readonly backoffMs: number;
}

export interface Attempt {
  /** Never rejects. */
  readonly ended: Promise<{ readonly outcome: Outcome; readonly isAbandoned: boolean }>;
  /** Asks it to end. */
  readonly abort: (why: AbortCause) => void;
}

/** Node fires at once what is to wait for longer: 24 days. */
const longestTimerMs = 2 ** 31 - 1;
/** How long code may take to end after it was asked to; then it is left behind. */
export const heedMs = 2000;

/** Runs an attempt to its end or to its time-out, also where its code never ends. */
export function runAttempt(task: LeasedTask, flow: RunningFlow, patienceMs = heedMs): Attempt {
  const controller = new AbortController();
  const abandoned = Promise.withResolvers<null>();
  let patience: NodeJS.Timeout | undefined;
  let cutOff: Outcome | null = null;
  const cut = (outcome: Outcome, reason: string): void => {
    if (cutOff !== null) return;
    cutOff = outcome;
    controller.abort(new Error(reason));
    patience = setTimeout(() => abandoned.resolve(null), patienceMs);
  };
  const timer = setTimeout(() => cut(timedOut(task, flow), 'the attempt took too long'), Math.min(flow.timeoutMs, longestTimerMs));
  const end = async (): Promise<{ outcome: Outcome; isAbandoned: boolean }> => {
    const own = await Promise.race([settle(task, flow, controller.signal), abandoned.promise]);
    clearTimeout(timer);
    clearTimeout(patience);
    // What was done in spite of the signal is done.
    const isDone = own?.kind === 'settled' || own?.kind === 'complete';
    return { outcome: own !== null && (cutOff === null || isDone) ? own : (cutOff ?? stopped), isAbandoned: own === null };
  };
  return { ended: end(), abort: (why) => cut(stopped, why === 'stop' ? 'the worker ends' : 'the lease was lost') };
}

const stopped: Outcome = { kind: 'returned', reason: 'the worker ended', waitMs: 0 };

/** `RunTask` never throws; one that does all the same is held to be the task's fault. */
async function settle(task: LeasedTask, flow: RunningFlow, signal: AbortSignal): Promise<Outcome> {
  try {
    return await flow.run(task, signal);
  } catch (thrown) {
    const error = { code: 'HANDLER_THREW', message: messageOf(thrown), place: null };
    return { kind: 'failed', error, retryInMs: retryWaitMs(task.tries, flow.backoffMs) };
  }
}

function timedOut(task: LeasedTask, { timeoutMs, backoffMs }: RunningFlow): Outcome {
  const message = `the attempt took longer than ${formatDuration(timeoutMs)}`;
  return { kind: 'failed', error: { code: 'TASK_TIMEOUT', message, place: null }, retryInMs: retryWaitMs(task.tries, backoffMs) };
}
