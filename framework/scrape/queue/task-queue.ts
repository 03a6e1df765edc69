import type { PostgresQueries } from '../../connections/postgres.ts';
import type { LeasedTask, NewTask, Settlement } from './task.ts';

/**
 * The tasks of all flows, in the table `gccflow.scrape_request_log` of the target's PostgreSQL. Any number of processes may use it at once.
 *
 * A task is leased, not taken: it is leased to one worker at a time, and one whose worker died falls due again when its lease has run out.
 * Every lease has an attempt number, and only who holds the current one ends the task: a late worker changes nothing.
 * All times are PostgreSQL's own; no host's clock decides anything. Methods throw POSTGRES_UNREACHABLE and POSTGRES_QUERY.
 */
export interface TaskQueue extends AsyncDisposable {
  /** Queues tasks in one transaction, any number, in their order; wakes idle workers. */
  enqueue(tasks: readonly NewTask[]): Promise<EnqueueResult>;

  /**
   * The same as part of a transaction of the caller's: in one call rather than in many, as keys are locked in an order within each. A task
   * that this transaction ends with `completeWithin` before does not keep its unique key from another.
   */
  enqueueWithin(session: PostgresQueries, tasks: readonly NewTask[]): Promise<EnqueueResult>;

  /** Streams tasks in by COPY, all or none; for millions. */
  enqueueStream(tasks: AsyncIterable<NewTask>, signal?: AbortSignal): Promise<{ readonly queued: number; readonly known: number }>;

  /**
   * Ends attempts and leases new tasks in one statement; either list may be empty. Of a task whose lease is another's by now nothing is
   * written, and it is named in `lost`. Each wish gets at most `limit` tasks that are due and unexpired, by priority, then by their turn.
   * Paused flows get none. Leased tasks come in the order in which they are to be started. Of a flow of which more than 2,000 tasks a second
   * are leased, one that comes ahead of the line (a higher priority, a task given back) may be passed over for 250 ms.
   *
   * Where it throws because no answer came, it may have been carried out all the same. The next call of the same worker then gets what was
   * leased, in the same attempt, as far as its wishes have room, and gives back the rest uncharged; and what was ended may be ended again.
   */
  exchange(ended: readonly EndedTask[], wishes: readonly Wish[], worker: string): Promise<Exchanged>;

  /** Lengthens leases to `leaseMs` from now; gives back the ids of those that still were the caller's. */
  extend(tasks: readonly Held[], leaseMs: number): Promise<ReadonlySet<string>>;

  /** Ends an attempt COMPLETE as part of the caller's transaction; false where its lease is another's by now: roll back then. */
  completeWithin(session: PostgresQueries, task: Held): Promise<boolean>;

  /**
   * Queues one task that is leased to `worker` at once, for a caller who waits for its end. Where one with its unique key is queued, that one is
   * leased instead, with its own attempts: unless it is for a later time and has not begun. Null where a key of it is known otherwise.
   */
  enqueueLeased(task: NewTask, worker: string, leaseMs: number): Promise<ServedLease | null>;

  /**
   * What somebody has to do now and then, and one process at a time does: makes due what waits, gives back leases that ran out, ends what is
   * expired, prepares and drops history by days. Gives back what it did, and when it is needed next at the latest, in ms.
   */
  keepHouse(policy: HousePolicy): Promise<HouseWork>;

  /** Calls `onWork` with the name of a flow whenever tasks of it become due, or its pause ends; until disposed. Reconnects by itself, and tells `*` then. */
  listen(onWork: (flow: string) => void): Promise<AsyncDisposable>;
}

export interface EnqueueResult {
  /** In the order of the tasks; null for one that was not queued because a key of it is known. */
  readonly ids: readonly (string | null)[];
  readonly queued: number;
  readonly known: number;
}

/** A task that was leased for somebody who waits. */
export interface ServedLease {
  readonly task: LeasedTask;
  /** Somebody had queued it before: who waits is not the only one who wants it. */
  readonly wasQueued: boolean;
}

export interface Held {
  readonly id: string;
  readonly attempt: number;
}

export interface EndedTask extends Held {
  readonly settlement: Settlement;
}

export interface Wish {
  readonly flow: string;
  readonly limit: number;
  readonly leaseMs: number;
}

export interface Exchanged {
  readonly leased: readonly LeasedTask[];
  /** Ids of ended tasks that were not the caller's any more. */
  readonly lost: readonly string[];
}

export interface HousePolicy {
  /** Days that ended tasks and idempotency keys are kept. */
  readonly retainDays: number;
}

export interface HouseWork {
  readonly madeDue: number;
  readonly leasesEnded: number;
  readonly expired: number;
  readonly nextInMs: number;
}
