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
import { silentLog } from '../support/warehouse.ts';

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
  const [lease] = await shared.warehouse.query<{ name: string; comment: string }>(
    `select name, comment from system.tables where database = '_gccflow'`,
  );
  const elsewhere = lease?.comment.replace(/"host":"[^"]*"/, '"host":"elsewhere"').replaceAll("'", "\\'");
  await shared.warehouse.execute(`alter table _gccflow.${lease?.name} modify comment '${elsewhere}'`);

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
