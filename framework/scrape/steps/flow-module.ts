import type { PostgresQueries } from '../../connections/postgres.ts';
import type { Log } from '../../foundation/log.ts';
import type { Params } from '../queue/task.ts';

/** What `parse` makes of an answer. */
export interface Parsed {
  readonly records: readonly Readonly<Record<string, unknown>>[];
  /** What is of the answer as a whole, e.g. the cursor of the next page. */
  readonly page: Readonly<Record<string, unknown>>;
}

/**
 * The default export of a flow's `parse` module: makes records of an answer's body. It may give one record, several, or `Parsed`; null for
 * none. A record that does not fit `output` fails the task.
 */
// biome-ignore lint/suspicious/noExplicitAny: a body is whatever the provider sent, and each parser knows its own
export type Parse = (body: any, context: ParseContext) => ParseResult | Promise<ParseResult>;
export type ParseResult = Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[] | Parsed | null;

export interface ParseContext {
  readonly params: Params;
  /** The API that answered. */
  readonly api: string;
}

/** The default export of a step's `run` module: any code, between the other steps and in their transaction. */
export type RunStep = (records: readonly Readonly<Record<string, unknown>>[], context: StepContext) => void | Promise<void>;

/** What a step of a flow's own may use. */
export interface StepContext {
  readonly task: { readonly id: string; readonly flow: string; readonly attempt: number };
  readonly params: Params;
  /** The API that answered `retrieve`; null for a flow without. */
  readonly api: string | null;
  readonly page: Readonly<Record<string, unknown>>;
  /** Calls the flow's APIs, within all limits. The answer's JSON. */
  readonly http: (request: StepRequest) => Promise<unknown>;
  /** Queues an event, which is published when the task's transaction is committed, and not otherwise. */
  readonly emit: (event: StepEvent) => void;
  /** Stores what a URL leads to; gives back its public address. */
  readonly upload: (asset: StepAsset) => Promise<string>;
  /** Queues a task, in the task's transaction. */
  readonly enqueue: (flow: string, params: Params) => void;
  /** The task's transaction in the target's PostgreSQL. It begins with the first statement, and holds rows from then on: call APIs before. */
  readonly db: PostgresQueries;
  readonly log: Log;
  /** Aborts when the lease is lost or the worker ends. */
  readonly signal: AbortSignal;
}

export interface StepRequest {
  /** One of the flow's; the first that may be called where nothing is said. */
  readonly api?: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface StepEvent {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface StepAsset {
  readonly url: string;
  readonly entityType: string;
  readonly platform: string;
  readonly entityId: string;
}
