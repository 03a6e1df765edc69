import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { systemClock } from '../../framework/foundation/clock.ts';
import { takeLease } from '../../framework/run/lease.ts';
import { newId } from '../../framework/run/new-id.ts';
import { createStagingDatabase } from '../../framework/run/staging-tables.ts';
import { silentLog } from './warehouse.ts';

/** Holds a lease on `model.a` in a process of its own until that is killed; says `held` when it has it. */
const [warehouseDir = ''] = process.argv.slice(2);
const warehouse = await openWarehouse(
  { type: 'embedded', path: 'warehouse', database: 'dbt' },
  { projectDir: warehouseDir, sessions: 2, log: silentLog },
);
await createStagingDatabase(warehouse);
await takeLease(
  { run: newId(systemClock), command: 'build', claims: [{ node: 'model.a', key: 'a' }], waitMs: 0 },
  { warehouse, clock: systemClock, log: silentLog, signal: new AbortController().signal },
);
process.stdout.write('held\n');
setInterval(() => {}, 1000);
