/**
 * A process of its own for tests: `node hold-warehouse.ts open|serve DIR` opens (or serves) the warehouse of DIR and waits for its end.
 * Lines on stdin are statements; each is answered by a line on stdout.
 */
import { createInterface } from 'node:readline';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { serveWarehouse } from '../../framework/connections/serve-warehouse.ts';
import { messageOf } from '../../framework/foundation/error.ts';
import { silentLog } from './warehouse.ts';

const [mode, projectDir = ''] = process.argv.slice(2);
const config = { type: 'embedded', path: 'warehouse', database: 'dbt' } as const;
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

if (mode === 'serve') {
  const { url } = await serveWarehouse(config, { projectDir, log: silentLog });
  say({ url });
} else {
  const warehouse = await openWarehouse(config, { projectDir, sessions: 2, log: silentLog });
  say({ location: warehouse.location });
  for await (const sql of createInterface({ input: process.stdin })) {
    await warehouse.execute(sql).then(say, (error: unknown) => say({ error: messageOf(error) }));
  }
}
