import { randomUUID } from 'node:crypto';
import { systemClock } from '../../framework/foundation/clock.ts';
import { SyncFile } from '../../framework/project/sync-file.ts';
import { runSync } from '../../framework/sync/run-sync.ts';
import type { SyncDeps, SyncOutcome } from '../../framework/sync/sync-outcome.ts';
import { type ScratchObjects, scratchFolder } from './objects.ts';
import { type ScratchPostgres, scratchPostgres } from './postgres.ts';
import { type ScratchWarehouse, scratchWarehouse, silentLog } from './warehouse.ts';

export type SyncInput = Partial<Parameters<typeof SyncFile.parse>[0] & Record<string, unknown>>;

/** A relation `source` in ClickHouse and what publishes it as table `target`. */
export interface ScratchSync extends AsyncDisposable {
  readonly postgres: ScratchPostgres['postgres'];
  readonly schema: string;
  readonly warehouse: ScratchWarehouse['warehouse'];
  readonly objects: ScratchObjects['objects'];
  /** Makes `source` anew from a SELECT. */
  fill(select: string): Promise<void>;
  file(input?: SyncInput): SyncFile;
  run(input?: SyncInput, deps?: Partial<SyncDeps>): Promise<SyncOutcome>;
  /** Rows of `select … from target`. */
  rows<Row = Record<string, unknown>>(select?: string): Promise<Row[]>;
}

export async function scratchSync({ over, store = scratchFolder }: ScratchSyncOptions = {}): Promise<ScratchSync> {
  await using opening = new AsyncDisposableStack();
  const { postgres, schema } = opening.use(await scratchPostgres());
  const { warehouse, database } = opening.use(await scratchWarehouse(over === undefined ? {} : { over }));
  const { objects } = opening.use(await store());
  const open = opening.move();
  const file = (input: SyncInput = {}): SyncFile =>
    SyncFile.parse({ kind: 'sync', name: `sync of ${schema}`, from: 'source', to: { schema, table: 'target' }, ...input });
  return {
    postgres,
    schema,
    warehouse,
    objects,
    file,
    fill: async (select) => {
      await warehouse.execute(`create or replace table ${database}.source engine = MergeTree order by tuple() as ${select}`);
    },
    run: (input, deps = {}) =>
      runSync(
        { sync: file(input) },
        {
          warehouse,
          postgres,
          objects,
          from: { database, name: 'source' },
          final: false,
          log: silentLog,
          signal: new AbortController().signal,
          runId: randomUUID(),
          clock: systemClock,
          ...deps,
        },
      ),
    rows: <Row>(select = 'select *') => postgres.query<Row>(`${select} from ${schema}.target`),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

export interface ScratchSyncOptions {
  readonly over?: 'embedded' | 'http';
  readonly store?: () => Promise<ScratchObjects>;
}
