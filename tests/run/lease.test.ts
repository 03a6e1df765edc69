import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { serveWarehouse } from '../../framework/connections/serve-warehouse.ts';
import type { Warehouse } from '../../framework/connections/warehouse.ts';
import { type Clock, systemClock } from '../../framework/foundation/clock.ts';
import { type HeldLease, takeLease } from '../../framework/run/lease.ts';
import { newId } from '../../framework/run/new-id.ts';
import { createStagingDatabase } from '../../framework/run/staging-tables.ts';
import { scratchProject } from '../support/scratch-project.ts';
import { silentLog } from '../support/warehouse.ts';
import { watchWarehouse } from '../support/watched-warehouse.ts';

test('a lease keeps others from the same node, lets them have other nodes, and is free after its end', async () => {
  await using shared = await sharedWarehouse();
  const first = await take(shared.warehouse, ['a', 'b']);

  await assert.rejects(take(shared.warehouse, ['b', 'c']), { code: 'RUN_LOCKED' });
  await using _ = await take(shared.warehouse, ['c']);
  await first[Symbol.asyncDispose]();
  await using __ = await take(shared.warehouse, ['b']);
});

test('who is refused is told the run, the process, the nodes and since when', async () => {
  await using shared = await sharedWarehouse();
  await using _ = await take(shared.warehouse, ['a', 'b']);

  await assert.rejects(take(shared.warehouse, ['b']), (error: Error) => {
    assert.match(error.message, new RegExp(`gccflow build, process ${process.pid} on .*has held 'model.b' for \\d+`));
    return true;
  });
});

test('who waits gets the lease when its holder is done, and knows that it waited', async () => {
  await using shared = await sharedWarehouse();
  const first = await take(shared.warehouse, ['a']);
  let waited = 0;

  const second = take(shared.warehouse, ['a'], {
    waitMs: 60_000,
    onWait: () => {
      waited += 1;
      void first[Symbol.asyncDispose]();
    },
  });

  await using held = await second;
  assert.equal(held.waited, true);
  assert.equal(waited, 1);
});

test('a process that is killed holds its lease no longer, at once', async () => {
  await using shared = await sharedWarehouse();
  const child = spawn(process.execPath, [join(import.meta.dirname, '../support/hold-lease.ts'), shared.home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');

  await assert.rejects(take(shared.warehouse, ['a']), { code: 'RUN_LOCKED' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await using _ = await take(shared.warehouse, ['a']);
});

test('a holder on another machine is taken for gone a minute after its last sign of life', async () => {
  await using shared = await sharedWarehouse();
  await using _ = await take(shared.warehouse, ['a']);
  await pretendElsewhere(shared.warehouse);

  await assert.rejects(take(shared.warehouse, ['a']), { code: 'RUN_LOCKED' });
  const later: Clock = { now: () => new Date(Date.now() + 61_000) };
  await using __ = await take(shared.warehouse, ['a'], { clock: later });
});

test('of many who ask at once, exactly one gets the lease', async () => {
  await using shared = await sharedWarehouse();

  const asked = await Promise.allSettled(Array.from({ length: 6 }, () => take(shared.warehouse, ['a'])));

  const held = asked.filter((result) => result.status === 'fulfilled');
  assert.equal(held.length, 1);
  await held[0]?.value[Symbol.asyncDispose]();
});

test('a lease that ran out is lost where another run has its nodes, and kept where none does', async () => {
  await using shared = await sharedWarehouse();
  let now = Date.now();
  const clock: Clock = { now: () => new Date(now) };
  await using first = await take(shared.warehouse, ['a'], { clock });
  await using alone = await take(shared.warehouse, ['b'], { clock });
  await pretendElsewhere(shared.warehouse);
  now += 61_000;
  await using _ = await take(shared.warehouse, ['a'], { clock });

  await assert.rejects(first.confirm(), { code: 'RUN_LOCKED', message: /it ran out, and another run holds its nodes now/ });
  assert.equal(first.lost.aborted, true);
  await alone.confirm();
  assert.equal(alone.lost.aborted, false);
});

test('a lease whose table is gone is lost at the next sign of life', async (t) => {
  await using shared = await sharedWarehouse();
  t.mock.timers.enable({ apis: ['setInterval'] });
  await using held = await take(shared.warehouse, ['a']);
  const lost = once(held.lost, 'abort');
  await dropLeases(shared.warehouse);

  t.mock.timers.tick(15_000);
  await lost;

  assert.equal(held.lost.reason.code, 'RUN_LOCKED');
  await assert.rejects(held.confirm(), /its entry in the warehouse is gone/);
});

test('a run that has lost its lease publishes nothing more and says so', async () => {
  await using project = await scratchProject({
    'models/m.sql': '{{config materialized="table"}}\nselect 1 as n',
    'models/below.sql': '{{config materialized="table"}}\nselect n from {{ref "m"}}',
  });
  const warehouse = watchWarehouse(project.warehouse, {
    after: (sql) => (/insert into/.test(sql) ? dropLeases(project.warehouse) : undefined),
  });

  const { status, nodes } = await project.run('run', { deps: { warehouse } });

  assert.equal(status, 'error');
  assert.deepEqual(
    nodes.map(({ node, status, error }) => [node, status, error?.code]),
    [
      ['model.m', 'error', 'RUN_LOCKED'],
      ['model.below', 'cancelled', undefined],
    ],
  );
  assert.deepEqual(await project.query(`select name from system.tables where database = '@'`), []);
  assert.deepEqual(await project.staging(), []);
});

async function dropLeases(warehouse: Warehouse): Promise<void> {
  for (const { name } of await readLeases(warehouse)) await warehouse.execute(`drop table _gccflow.${name}`);
}

/** Makes the leases there are those of another machine, whose processes cannot be seen from here. */
async function pretendElsewhere(warehouse: Warehouse): Promise<void> {
  for (const { name, comment } of await readLeases(warehouse)) {
    const elsewhere = comment.replace(/"host":"[^"]*"/, '"host":"elsewhere"').replaceAll("'", "\\'");
    await warehouse.execute(`alter table _gccflow.${name} modify comment '${elsewhere}'`);
  }
}

function readLeases(warehouse: Warehouse): Promise<{ name: string; comment: string }[]> {
  return warehouse.query(`select name, comment from system.tables where database = '_gccflow' and name like 'lease%'`);
}

interface TakeOptions {
  readonly waitMs?: number;
  readonly onWait?: () => void;
  readonly clock?: Clock;
}

function take(
  warehouse: Warehouse,
  names: readonly string[],
  { waitMs = 0, onWait, clock = systemClock }: TakeOptions = {},
): Promise<HeldLease> {
  const claims = names.map((name) => ({ node: `model.${name}` as const, key: name }));
  const request = { run: newId(systemClock), command: 'build', claims, waitMs, ...(onWait && { onWait }) };
  return takeLease(request, { warehouse, clock, log: silentLog, signal: new AbortController().signal });
}

/** An embedded warehouse that other processes reach too. */
async function sharedWarehouse(): Promise<{ home: string; warehouse: Warehouse } & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'gccflow-lease-'));
  opening.defer(() => rm(home, { recursive: true, force: true }));
  const config = { type: 'embedded', path: 'warehouse', database: 'dbt' } as const;
  opening.use(await serveWarehouse(config, { projectDir: home, sessions: 8, log: silentLog }));
  const warehouse = opening.use(await openWarehouse(config, { projectDir: home, sessions: 8, log: silentLog }));
  await createStagingDatabase(warehouse);
  const open = opening.move();
  return { home, warehouse, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
