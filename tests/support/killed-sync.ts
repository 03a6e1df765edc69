import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openObjects } from '../../framework/connections/open-objects.ts';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import { systemClock } from '../../framework/foundation/clock.ts';
import { SyncFile } from '../../framework/project/sync-file.ts';
import { runSync } from '../../framework/sync/run-sync.ts';
import { scratchWarehouse, silentLog } from './warehouse.ts';

/** Publishes 200 rows of version 2 and kills itself when the point comes: a phase's name, or `loaded` for the middle of the load. */
const [, , projectDir = '', schema = '', point = '', mode = 'replace'] = process.argv;

const { warehouse, database } = await scratchWarehouse();
const postgres = await openPostgres({ type: 'embedded', path: 'postgres' }, { projectDir, maxConnections: 4, log: silentLog });
const objects = await openObjects({ type: 'filesystem', path: mkdtempSync(join(tmpdir(), 'gccflow-killed-')) }, { projectDir });
await warehouse.execute(
  `create table ${database}.source engine = MergeTree order by tuple() as select number as id, 2 as version from numbers(200)`,
);
const sync = SyncFile.parse({ kind: 'sync', name: 'killed', from: 'source', to: { schema, table: 'target' }, primary_key: 'id', mode });
await runSync(
  { sync },
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
    onProgress: ({ phase, rows }) => {
      if (point === (rows > 0 ? `${phase}ed` : phase)) process.kill(process.pid, 'SIGKILL');
    },
  },
);
