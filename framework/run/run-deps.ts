import type { StatementCost, Warehouse } from '../connections/warehouse.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';
import type { Manifest, NodeId, SyncNode } from '../manifest/manifest.ts';
import type { Plan } from '../plan/plan.ts';
import type { Lease } from './lease.ts';
import type { NodeResult } from './run-result.ts';
import type { StaleSources } from './stale-nodes.ts';

/** What `runPlan` works with. */
export interface RunDeps {
  readonly manifest: Manifest;
  readonly warehouse: Warehouse;
  /** Exports one relation to PostgreSQL. Handed in: this room knows nothing of syncs. */
  readonly runSync: (sync: SyncNode, context: { readonly signal: AbortSignal; readonly runId: string }) => Promise<SyncDone>;
  /** Plans again, with the same run id: called when the lock had to be waited for, because others may have published meanwhile. */
  readonly replan: () => Promise<Plan>;
  readonly log: Log;
  readonly clock: Clock;
  /** Aborting it starts no further node and ends running statements on the server. */
  readonly signal: AbortSignal;
  /** Nodes at once. */
  readonly threads: number;
  /** Sources that may not be built on: what is made of them is skipped. */
  readonly stale?: StaleSources;
  /** Start no further node after the first failure. */
  readonly failFast: boolean;
  /** How long to wait for another run that holds nodes of this one; 0 refuses at once. */
  readonly waitLockMs: number;
  /** How often and how soon a node is tried again after a fault that may pass. */
  readonly retry: RetryPolicy;
  readonly onEvent?: (event: RunEvent) => void;
}

export interface RetryPolicy {
  /** Tries in all. */
  readonly attempts: number;
  /** Before the second try; doubles with every further one, half of it at random. */
  readonly delayMs: number;
}

export const defaultRetry: RetryPolicy = { attempts: 4, delayMs: 500 };

/** What a sync reports when it is done. */
export interface SyncDone {
  readonly rows: number | null;
  /** One line for people. */
  readonly message: string;
  readonly statements: readonly StatementCost[];
  readonly publicationId: string | null;
}

/** What happens during a run, for whoever shows it. */
export type RunEvent =
  | { readonly kind: 'waiting'; readonly holder: Lease }
  | { readonly kind: 'started'; readonly node: NodeId; readonly at: Date }
  | { readonly kind: 'progress'; readonly node: NodeId; readonly readRows: number; readonly totalRows: number | null }
  /** A node that is built by intervals has published so many of them, or has seen them fail. */
  | { readonly kind: 'intervals'; readonly node: NodeId; readonly done: number; readonly total: number }
  | { readonly kind: 'retrying'; readonly node: NodeId; readonly attempt: number; readonly delayMs: number; readonly reason: string }
  | { readonly kind: 'finished'; readonly result: NodeResult };
