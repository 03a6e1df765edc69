import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import { scratchSchema } from '../support/postgres.ts';
import { scratchDatabase } from '../support/scratch-database.ts';
import { scratchSync } from '../support/sync.ts';
import { silentLog } from '../support/warehouse.ts';

test('a PostgreSQL server is published to as the embedded one is', async (context) => {
  await using database = await scratchDatabase(context);
  if (database === null) return;
  await using sync = await scratchSync();
  await using server = await openPostgres({ type: 'postgres', url: database.url }, { projectDir: '/', maxConnections: 4, log: silentLog });
  await using scratch = await scratchSchema(server);
  const to = { schema: scratch.schema, table: 'target' };
  await sync.fill(`select number as id, toString(number) as name, ['a', null] as list from numbers(1000)`);

  for (let round = 0; round < 2; round++) await sync.run({ to, primary_key: 'id' }, { postgres: server });

  assert.deepEqual(await server.query(`select count(distinct name)::int from ${to.schema}.target`), [{ count: 1000 }]);
});
