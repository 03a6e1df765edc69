import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import type { Postgres } from '../../framework/connections/postgres.ts';
import { migrateSchema } from '../../framework/connections/postgres-schema.ts';
import { backupMark } from '../../framework/sync/table-name.ts';
import { silentLog } from '../support/warehouse.ts';

const publication = {
  id: 'a',
  sync: 's',
  schema_name: 'public',
  table_name: 't',
  mode: 'replace',
  row_count: 3,
  byte_count: 4,
  run_id: 'r',
  published_at: new Date(0),
};

const insert = 'insert into gccflow.sync_publication values ($1, $2, $3, $4, $5, $6, $7, $8, $9)';

const shape = `select column_name, data_type, is_nullable from information_schema.columns
  where table_schema = 'gccflow' and table_name = 'sync_publication' order by ordinal_position`;

/** A server of its own: the schema's name is fixed. */
async function freshServer(): Promise<{ postgres: Postgres; open(): Promise<Postgres> } & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-schema-'));
  opening.defer(() => rmSync(dir, { recursive: true, force: true }));
  chmodSync(dir, 0o711);
  const open = (): Promise<Postgres> =>
    openPostgres({ type: 'embedded', path: 'postgres' }, { projectDir: dir, maxConnections: 2, log: silentLog });
  const postgres = opening.use(await open());
  const opened = opening.move();
  return { postgres, open, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test('several that migrate a fresh server at once all find the same tables', async () => {
  await using server = await freshServer();
  await using other = await server.open();

  await Promise.all([server.postgres, other, server.postgres, other].map((postgres) => migrateSchema(postgres)));
  await migrateSchema(server.postgres);

  const columns = await server.postgres.query<{ column_name: string }>(shape);
  assert.deepEqual(
    columns.map(({ column_name }) => column_name),
    Object.keys(publication),
  );
  assert.deepEqual(await server.postgres.query('select name from gccflow.schema_migration order by name'), [
    { name: '0001_sync_publication' },
    { name: '0002_mark_kept_copies' },
    { name: '0003_broker' },
    { name: '0004_broker_content_encoding' },
    { name: '0005_scrape' },
    { name: '0006_credential' },
    { name: '0007_event_outbox' },
    { name: '0008_limits' },
    { name: '0009_credential_refusals' },
  ]);
});

test('a table that is older than the migrations is taken over with its rows and kept copies', async () => {
  await using server = await freshServer();
  await server.postgres.query('create schema gccflow');
  await server.postgres.query(`create table gccflow.sync_publication (id text primary key, sync text not null, schema_name text not null,
    table_name text not null, mode text not null, row_count bigint not null, byte_count bigint not null, run_id text not null,
    published_at timestamptz not null)`);
  for (const id of ['a', 'b']) await server.postgres.query(insert, Object.values({ ...publication, id }));
  await server.postgres.query('create table t_old_bkp as select 1 as id');
  const before = await server.postgres.query(shape);

  await migrateSchema(server.postgres);

  assert.deepEqual(await server.postgres.query(shape), before);
  assert.deepEqual(await server.postgres.query('select id from gccflow.sync_publication order by id'), [{ id: 'a' }, { id: 'b' }]);
  const [kept] = await server.postgres.query<{ comment: string }>(`select obj_description('t_old_bkp'::regclass) as comment`);
  assert.equal(kept?.comment, backupMark);
});
