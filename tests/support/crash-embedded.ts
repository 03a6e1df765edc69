import assert from 'node:assert/strict';
import { flushCompileCache } from 'node:module';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { deleteInsertCase as crash } from './crash-cases.ts';
import { checkRecovery, isOneOf, readRows, reset } from './crash-matrix.ts';
import { openScratchProject } from './scratch-project.ts';
import { silentLog } from './warehouse.ts';
import { watchWarehouse } from './watched-warehouse.ts';

flushCompileCache(); // a killed process would not

/**
 * One link of a chain of processes that hold the embedded engine themselves: mends what the kill of the one before left, then builds and
 * kills itself, engine and all, after the given statement. Ends with 0 where the build has no such statement any more.
 */
const [home = '', dir = '', crashAfter = '1'] = process.argv.slice(2);
await using warehouse = await openWarehouse(
  { type: 'embedded', path: 'warehouse', database: 'crash' },
  { projectDir: home, sessions: 3, log: silentLog },
);
const project = openScratchProject(warehouse, { database: 'crash', dir });
let left = Number(crashAfter);

if (left > 1) {
  const rows = await readRows(project);
  assert.ok(isOneOf(rows, [crash.oldRows, crash.newRows]), `after statement ${left - 1}: ${JSON.stringify(rows)}`);
  await checkRecovery(project, crash, rows, left - 1);
}
await reset(project, crash);
const dying = watchWarehouse(warehouse, {
  after: (sql) => {
    if (crash.counted?.test(sql)) left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  },
});
const { status } = await project.run('build', { deps: { warehouse: dying } });
assert.equal(status, 'success');
