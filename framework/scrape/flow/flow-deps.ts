import type { Postgres } from '../../connections/postgres.ts';
import type { Log } from '../../foundation/log.ts';
import type { ApiNode, FlowNode } from '../../manifest/manifest.ts';
import type { AssetUploads } from '../assets/asset-uploads.ts';
import type { ApiCalls } from '../calls/api-calls.ts';
import type { AddEvents } from '../outbox/outbox.ts';
import type { LeasedTask } from '../queue/task.ts';
import type { TaskQueue } from '../queue/task-queue.ts';
import type { Outcome } from '../worker/run-task.ts';

/** What flows run with. All of it stays the caller's. */
export interface FlowDeps {
  readonly projectDir: string;
  /** By name. */
  readonly apis: ReadonlyMap<string, ApiNode>;
  /** Every flow of the project by name: those that tasks may be queued of. */
  readonly allFlows: ReadonlyMap<string, FlowNode>;
  readonly calls: Pick<ApiCalls, 'call'>;
  readonly queue: Pick<TaskQueue, 'enqueueWithin' | 'completeWithin'>;
  /** Called when the first step needs it; gives back the same one each time. */
  readonly postgres: () => Promise<Postgres>;
  /** As `postgres`. */
  readonly uploads: () => Promise<AssetUploads>;
  readonly addEvents: AddEvents;
  /** Of a task, a routing key and the event's place among those of the task; the same in every repeat. */
  readonly eventId: (taskId: string, routingKey: string, ordinal: number) => string;
  /** A text without the secrets of the target and the project. */
  readonly mask: (text: string) => string;
  readonly log: Log;
}

/** One thing that a task is about, as its flow's `output` declares it. */
export type FlowRecord = Readonly<Record<string, unknown>>;

/** A `RunTask` that can also tell what it made, for a caller who answers with it. */
export type RunFlow = (task: LeasedTask, signal: AbortSignal, options?: RunFlowOptions) => Promise<Outcome>;

export interface RunFlowOptions {
  /** How long to wait in place for limits; the flow's own `max_wait` where nothing is said. */
  readonly maxWaitMs?: number;
  /** Called with all records when all steps are done, before the task ends. */
  readonly onRecords?: (records: readonly FlowRecord[]) => void;
}
