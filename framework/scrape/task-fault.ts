import type { Settlement } from './queue/task.ts';

/** Whatever keeps an attempt from completing, with what is to become of its task. `message` never holds a secret. */
export class TaskFault extends Error {
  override readonly name = 'TaskFault';
  /** e.g. `HTTP_STATUS`; kept in the task's row. */
  readonly code: string;
  /**
   * `failed`: charged, tried again while there are attempts. `refused`: no other try would do better. `returned`: not the task's fault, tried
   * again after `waitMs` uncharged.
   */
  readonly kind: Exclude<Settlement['kind'], 'complete'>;
  /** Of `returned`: how long the task waits. Of `failed`: at least how long; the flow's own backoff may be longer. */
  readonly waitMs: number;
  /** Where in the project, e.g. `flows/parsers/profile.ts:12:3`; null where the flow as a whole is meant. */
  readonly place: string | null;

  constructor(
    kind: TaskFault['kind'],
    code: string,
    message: string,
    details: { readonly waitMs?: number; readonly place?: string | null; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.code = code;
    this.waitMs = details.waitMs ?? 0;
    this.place = details.place ?? null;
  }
}
