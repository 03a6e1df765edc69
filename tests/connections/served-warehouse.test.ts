import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { followServed } from '../../framework/connections/served-warehouse.ts';
import type { Warehouse } from '../../framework/connections/warehouse.ts';
import { projectFolder, smallProject, startCli } from '../support/cli.ts';
import { type RecordingLog, recordingLog } from '../support/recording-log.ts';
import { until } from '../support/until.ts';
import { silentLog } from '../support/warehouse.ts';

interface Followed extends AsyncDisposable {
  readonly warehouse: Warehouse;
  readonly log: RecordingLog;
  /** Starts a process that serves; resolves when it does. */
  serve(): Promise<void>;
  /** `kill -9`, or a stop. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** A warehouse that is served, and followed by this process. */
async function followed(): Promise<Followed> {
  await using opening = new AsyncDisposableStack();
  const { dir } = opening.use(projectFolder(smallProject));
  const file = join(dir, '.gccflow/warehouse.endpoint.json');
  let serving: ReturnType<typeof startCli> | null = null;
  const serve = async (): Promise<void> => {
    serving = startCli(['warehouse', 'serve'], { cwd: dir });
    const { child } = serving;
    await until(() => existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).pid === child.pid, 'the warehouse is not served');
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    serving?.child.kill(signal);
    await serving?.ended;
  };
  opening.defer(() => end('SIGKILL'));
  await serve();
  const config = { type: 'embedded', path: '.gccflow/warehouse', database: 'dbt' } as const;
  const log = recordingLog();
  const opened = await openWarehouse(config, { projectDir: dir, sessions: 2, log: silentLog });
  const warehouse = opening.use(followServed(opened, join(dir, config.path), { sessions: 2, log }));
  const open = opening.move();
  return { warehouse, log, serve, end, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`a warehouse whose serving process ended by ${signal} is found again where it is served then, once for all statements`, async () => {
    await using lab = await followed();
    const { warehouse, log } = lab;
    await warehouse.execute('create table dbt.t (a UInt8) engine = MergeTree order by a');
    const before = warehouse.location;

    await lab.end(signal);
    await assert.rejects(warehouse.query('select 1'), { code: 'WAREHOUSE_UNREACHABLE' });
    await lab.serve();
    const counted = await Promise.all(Array.from({ length: 10 }, () => warehouse.query('select count() as n from dbt.t')));
    await warehouse.insert('dbt.t', '{"a":1}\n', { format: 'JSONEachRow' });

    assert.deepEqual(counted.flat(), Array(10).fill({ n: '0' }));
    assert.deepEqual(log.messages(), ['warehouse found again']);
    assert.notEqual(warehouse.location, before);
  });
}

test('a warehouse that nobody serves any more stays away, and its directory stays free', async () => {
  await using lab = await followed();
  await lab.end('SIGKILL');

  const statements = Array.from({ length: 3 }, () => assert.rejects(lab.warehouse.query('select 1'), { code: 'WAREHOUSE_UNREACHABLE' }));
  await Promise.all(statements);
  await assert.rejects(lab.warehouse.query('select 1'), { code: 'WAREHOUSE_UNREACHABLE' });

  await lab.serve(); // which a process that had the directory open would keep it from
  assert.deepEqual(await lab.warehouse.query('select 1 as one'), [{ one: 1 }]);
});
