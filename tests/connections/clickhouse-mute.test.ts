import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { silentLog } from '../support/warehouse.ts';

test('a server that accepts and never answers is given up a few seconds after everything is to stop', async () => {
  const sockets = new Set<{ destroy(): void }>();
  const mute = createServer((socket) => void sockets.add(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const stop = new AbortController();
  const config = {
    type: 'clickhouse',
    url: `http://127.0.0.1:${(mute.address() as AddressInfo).port}`,
    database: 'd',
    cluster: null,
  } as const;
  const begun = performance.now();

  const opening = openWarehouse(config, { projectDir: '.', sessions: 1, log: silentLog, signal: stop.signal });
  stop.abort(new Error('stopped by SIGINT'));

  await assert.rejects(opening, { code: 'CANCELLED' });
  assert.ok(performance.now() - begun < 14_000, 'it did not wait for its own time to open');
  for (const socket of sockets) socket.destroy();
  mute.close();
});
