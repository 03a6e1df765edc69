import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import { faultProxy } from '../support/fault-proxy.ts';
import { needs } from '../support/services.ts';
import { until } from '../support/until.ts';
import { silentLog } from '../support/warehouse.ts';

test('an abort ends a transaction whose server is behind a dead network', async (context) => {
  if (!(await needs('postgres', context))) return;
  await using proxy = await faultProxy(5432);
  const stop = new AbortController();
  const config = { type: 'postgres', url: `postgres://postgres@127.0.0.1:${proxy.port}/postgres` } as const;
  await using postgres = await openPostgres(config, { projectDir: '/', maxConnections: 2, log: silentLog, signal: stop.signal });

  const working = postgres.transaction(async (session) => {
    proxy.fault(() => 'hole');
    stop.abort();
    await session.query('select 1');
  }, stop.signal);

  await assert.rejects(working, { code: 'POSTGRES_UNREACHABLE' });
});

test('a connection that nobody has used for a while is closed, and the next query opens another', async (context) => {
  if (!(await needs('postgres', context))) return;
  const config = { type: 'postgres', url: 'postgres://postgres@127.0.0.1:5432/postgres' } as const;
  const options = { projectDir: '/', maxConnections: 2, log: silentLog };
  await using postgres = await openPostgres(config, { ...options, idleMs: 50 });
  await using observer = await openPostgres(config, options);
  const pidOf = async () => (await postgres.query<{ pid: number }>('select pg_backend_pid() as pid'))[0]?.pid;
  const first = await pidOf();

  await until(async () => (await observer.query('select from pg_stat_activity where pid = $1', [first])).length === 0);

  assert.notEqual(await pidOf(), first);
});
