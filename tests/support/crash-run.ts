import { once } from 'node:events';
import { flushCompileCache } from 'node:module';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { openScratchProject } from './scratch-project.ts';
import { silentLog } from './warehouse.ts';
import { watchWarehouse } from './watched-warehouse.ts';

flushCompileCache(); // a killed process would not

/**
 * Runs a project in a process of its own, once its input ends, and kills that process, as `kill -9` would, after the given number of
 * writing statements, of those whose SQL matches a pattern.
 */
const [warehouseDir = '', dir = '', database = '', crashAfter = '0', counted = ''] = process.argv.slice(2);
process.stdin.resume();
await once(process.stdin, 'end');
const pattern = new RegExp(counted);
let left = Number(crashAfter);

await using warehouse = await openWarehouse(
  { type: 'embedded', path: 'warehouse', database },
  { projectDir: warehouseDir, sessions: 4, log: silentLog },
);
const dying = watchWarehouse(warehouse, {
  after: (sql) => {
    if (pattern.test(sql)) left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  },
});
const { nodes } = await openScratchProject(warehouse, { database, dir }).run('build', { deps: { warehouse: dying } });
for (const { error } of nodes) if (error) throw error;
