import type { ErrorCode } from '../../foundation/error-codes.ts';
import type { LogFields } from '../../foundation/log.ts';
import type { ApiNode, FlowNode } from '../../manifest/manifest.ts';
import type { TargetConfig } from '../../project/target-config.ts';
import type { Held } from '../queue/task-queue.ts';
import type { CallSums } from './call-tally.ts';
import type { PackedTask } from './packed-task.ts';
import type { Outcome } from './run-task.ts';

/** What a child process needs to run tasks, so that it reads no project: plain data, which may hold secrets. */
export interface ChildSetup {
  readonly projectDir: string;
  readonly target: TargetConfig;
  /** All of the project, as a task may queue tasks of any flow. */
  readonly flows: readonly FlowNode[];
  readonly apis: readonly ApiNode[];
  /** Texts that are to be masked, besides those of the target and the APIs. */
  readonly secrets: readonly string[];
  /** Names of the flows that the child runs. */
  readonly runs: readonly string[];
}

/** From the supervisor to a child. */
export type ToChild =
  /** The first message. */
  | { readonly kind: 'start'; readonly setup: ChildSetup }
  | { readonly kind: 'run'; readonly tasks: readonly PackedTask[] }
  /** Of these tasks, which keep their slots until they have ended. */
  | { readonly kind: 'abort'; readonly tasks: readonly Held[]; readonly why: AbortCause }
  | { readonly kind: 'ping' }
  /** Close everything and end. */
  | { readonly kind: 'end' };

/** `lease_lost`: the task is another's by now, and nothing of it is to be written. `stop`: the worker ends. */
export type AbortCause = 'lease_lost' | 'stop';

/** From a child to its supervisor. */
export type FromChild =
  | { readonly kind: 'ready' }
  /** It cannot run its flows, and ends. */
  | { readonly kind: 'failed'; readonly code: ErrorCode | null; readonly message: string; readonly hint: string | undefined }
  /** `complete` are the keys of those that ended so, with nothing more to say. */
  | { readonly kind: 'ended'; readonly complete: readonly string[]; readonly others: readonly EndedAttempt[] }
  /** Calls of its attempts: told before their ends. */
  | { readonly kind: 'calls'; readonly sums: CallSums }
  /** Bytes of memory. */
  | { readonly kind: 'pong'; readonly rss: number }
  | { readonly kind: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly fields: LogFields; readonly message: string };

export interface EndedAttempt extends Held {
  readonly outcome: Outcome;
  /** The flow's code has not ended: it heeds no signal, and may hold what others need. */
  readonly isAbandoned: boolean;
}

/** Names an attempt among all of a worker: a task may be leased again to the worker that has lost it. */
export function keyOf({ id, attempt }: Held): string {
  return `${id}/${attempt}`;
}
