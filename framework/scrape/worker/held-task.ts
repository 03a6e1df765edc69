import type { LeasedTask } from '../queue/task.ts';
import { retryWaitMs } from './retry-wait.ts';
import type { Outcome } from './run-task.ts';

/** A task that a worker holds the lease of. */
export interface HeldTask {
  readonly task: LeasedTask;
  readonly leaseMs: number;
  /** By the process's own steady clock: no later than PostgreSQL's idea of it. */
  leasedUntilMs: number;
  /** Its lease is another's by now: whatever comes of it is not written. */
  isLost: boolean;
}

/** An attempt that ended, by itself or with its process. */
export interface EndedHeld {
  readonly held: HeldTask;
  readonly outcome: Outcome;
}

/** How an attempt ended whose process ended under it. */
export function crashOutcome({ tries }: LeasedTask, code: 'WORKER_CRASHED' | 'WORKER_STUCK', message: string, backoffMs: number): Outcome {
  return { kind: 'failed', error: { code, message, place: null }, retryInMs: retryWaitMs(tries, backoffMs) };
}

export const returnedByStop: Outcome = { kind: 'returned', reason: 'the worker ended', waitMs: 0 };
