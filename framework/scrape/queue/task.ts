/** Where a task stands. `PENDING` waits, `PROCESSING` is leased to a worker; the others are its ends. */
export const taskStatuses = ['PENDING', 'PROCESSING', 'COMPLETE', 'FAILED', 'EXPIRED', 'CANCELLED'] as const;
export type TaskStatus = (typeof taskStatuses)[number];

/** What a task is about, as its flow's `params` declare: plain JSON. */
export type Params = Readonly<Record<string, unknown>>;

/** A time, or how long from the moment when PostgreSQL queues the task, by its own clock. */
export type Moment = { readonly at: Date } | { readonly inMs: number };

/** A task before it is queued. What is not given is the flow's. */
export interface NewTask {
  readonly flow: string;
  readonly params: Params;
  /** Higher first; from -32768 to 32767. */
  readonly priority: number;
  /** Attempts before it ends FAILED. */
  readonly maxAttempts: number;
  /** Not before this time; at once where null. */
  readonly runAt: Moment | null;
  /** Not started after this time: it ends EXPIRED. Never where null. */
  readonly expiresAt: Moment | null;
  /** Whose task it is: the tasks of one account do not hold up those of others. */
  readonly accountId: string | null;
  /** A second task of the flow with this key is not queued, whatever became of the first, while its key is remembered. */
  readonly idempotencyKey: string | null;
  /** A second task of the flow with this key is not queued while the first is PENDING or PROCESSING. */
  readonly uniqueKey: string | null;
}

/** A task that is leased to a worker. Its id and attempt together are the right to end it. */
export interface LeasedTask {
  /** A whole number, as text. */
  readonly id: string;
  readonly flow: string;
  /** 1 for the first. A task that was given back uncharged gets a new one all the same: no attempt of a task is ever leased twice. */
  readonly attempt: number;
  /** Attempts that count, this one included: those that were given back do not. */
  readonly tries: number;
  /** Whether a failure of this attempt is final. */
  readonly isLastTry: boolean;
  readonly params: Params;
  readonly priority: number;
  readonly accountId: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

/** What went wrong with an attempt, as it is kept in the row and shown by `gccflow tasks show`. Never holds a secret. */
export interface TaskError {
  /** e.g. `HTTP_STATUS`, `PARSE_SHAPE`, `LEASE_LOST`, `HANDLER_THREW`. */
  readonly code: string;
  readonly message: string;
  /** Where in the project, e.g. `flows/parsers/instagram-profile.ts:12:3`. */
  readonly place: string | null;
}

/** How an attempt ended. */
export type Settlement =
  | { readonly kind: 'complete' }
  /** The attempt is charged; the task is due again after `retryInMs`, or FAILED where it was the last try. */
  | { readonly kind: 'failed'; readonly error: TaskError; readonly retryInMs: number }
  /** No other try would do better: FAILED at once. */
  | { readonly kind: 'refused'; readonly error: TaskError }
  /**
   * Not the task's fault (a limit, no credential, a service that is away, a shutdown): due again after `waitMs`, uncharged. `code` is that of
   * the fault, e.g. `LIMIT_REACHED`; it is not kept.
   */
  | { readonly kind: 'returned'; readonly reason: string; readonly waitMs: number; readonly code?: string };
