import type { PostgresQueries } from '../../connections/postgres.ts';
import type { Log } from '../../foundation/log.ts';
import type { ApiNode } from '../../manifest/manifest.ts';
import type { ApiCall } from '../calls/api-calls.ts';
import type { FlowRecord } from '../flow/flow-deps.ts';
import type { LeasedTask, NewTask, Params } from '../queue/task.ts';
import type { StepEvent } from './flow-module.ts';

/** One attempt of a task, as its steps see it. */
export interface Attempt {
  readonly task: LeasedTask;
  readonly params: Params;
  /** The API that answered `retrieve`; null for a flow without. */
  readonly api: string | null;
  readonly page: Readonly<Record<string, unknown>>;
  /** Calls APIs within the flow's limits, with the task's credential where it is sticky. The answer's JSON. */
  readonly call: (request: StepCall) => Promise<unknown>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export type StepCall = Pick<ApiCall, 'choices' | 'method' | 'query' | 'body'>;

/** A step that calls the outside: done before anything is written. Gives back the records, with what it has added. */
export interface CallStep {
  readonly phase: 'call';
  readonly run: (records: readonly FlowRecord[], attempt: Attempt) => Promise<readonly FlowRecord[]>;
}

/** A step that writes: says what is to be written, in the one transaction of the task. */
export interface WriteStep {
  readonly phase: 'write';
  readonly plan: (records: readonly FlowRecord[], attempt: Attempt, writes: Writes) => Promise<void>;
}

export type OpenStep = CallStep | WriteStep;

/** What a task writes, in the order of its steps. */
export interface Writes {
  readonly inTransaction: ((session: PostgresQueries) => Promise<void>)[];
  readonly events: StepEvent[];
  readonly tasks: NewTask[];
}

/** What a step is opened with besides the flow's dependencies. */
export interface StepPlace {
  /** The flow's file, for errors. */
  readonly file: string;
  /** The APIs that the flow names, those of its `retrieve` first. */
  readonly apis: readonly ApiNode[];
}
