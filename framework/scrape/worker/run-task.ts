import type { LeasedTask, Settlement } from '../queue/task.ts';

/** How an attempt ended: to be settled by the worker, or settled already in the task's own transaction. */
export type Outcome = Settlement | { readonly kind: 'settled' };

/** Runs one attempt of a task to its end. Never throws: what went wrong is in the outcome. `signal` aborts when the lease is lost or the worker ends. */
export type RunTask = (task: LeasedTask, signal: AbortSignal) => Promise<Outcome>;
