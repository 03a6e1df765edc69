import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import { scratchSchema } from '../support/postgres.ts';
import { needs } from '../support/services.ts';
import { scratchSync } from '../support/sync.ts';
import { silentLog } from '../support/warehouse.ts';

test('a PostgreSQL server is published to as the embedded one is', async (context) => {
  if (!(await needs('postgres', context))) return;
  await using sync = await scratchSync();
  await using server = await openPostgres(
    { type: 'postgres', url: 'postgres://postgres@127.0.0.1:5432/postgres' },
    { projectDir: '/', maxConnections: 4, log: silentLog },
  );
  await using scratch = await scratchSchema(server);
  const to = { schema: scratch.schema, table: 'target' };
  await sync.fill(`select number as id, toString(number) as name, ['a', null] as list from numbers(1000)`);

  for (let round = 0; round < 2; round++) await sync.run({ to, primary_key: 'id' }, { postgres: server });

  assert.deepEqual(await server.query(`select count(distinct name)::int from ${to.schema}.target`), [{ count: 1000 }]);
  await server.query(`delete from gccflow.sync_publication where schema_name = $1`, [to.schema]);
});
