import type { ObjectStore } from '../connections/objects.ts';
import type { Postgres } from '../connections/postgres.ts';
import type { Warehouse } from '../connections/warehouse.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';
import type { Relation } from '../manifest/relation.ts';

/** The steps of a sync, in order. */
export type SyncPhase = 'prepare' | 'export' | 'load' | 'validate' | 'publish' | 'cleanup';

export interface SyncOutcome {
  /** Rows exported and published. */
  readonly rows: number;
  /** Bytes of the exported objects. */
  readonly bytes: number;
  readonly phases: readonly { readonly phase: SyncPhase; readonly durationMs: number }[];
  readonly publicationId: string;
  /** One line for people. */
  readonly message: string;
}

export interface SyncDeps {
  readonly warehouse: Warehouse;
  readonly postgres: Postgres;
  readonly objects: ObjectStore;
  /** The relation that is exported. */
  readonly from: Relation;
  /** Read with FINAL: the relation's engine replaces rows. */
  readonly final: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly runId: string;
  readonly clock: Clock;
  readonly onProgress?: (progress: SyncProgress) => void;
}

export interface SyncProgress {
  readonly phase: SyncPhase;
  readonly rows: number;
  readonly totalRows: number | null;
}
