import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import type { Postgres } from '../../framework/connections/postgres.ts';
import type { Entry } from '../../framework/sink/entry.ts';
import type { Writer } from '../../framework/sink/writer.ts';
import { openPostgresWriter } from '../../framework/sink/writers/postgres.ts';
import { faultProxy } from '../support/fault-proxy.ts';
import { type ScratchPostgres, scratchPostgres, scratchSchema } from '../support/postgres.ts';
import { needs } from '../support/services.ts';
import { entryOf, faultOf, sinkNode } from '../support/sink-node.ts';
import { silentLog } from '../support/warehouse.ts';

interface SinkOptions {
  readonly columns: Readonly<Record<string, unknown>>;
  readonly key?: readonly string[];
  readonly create?: boolean;
  readonly deduplicate_by?: string;
  readonly unknown_fields?: unknown;
}

async function openWriter({ postgres, schema }: ScratchPostgres, { key = [], create = true, ...rest }: SinkOptions): Promise<Writer> {
  const node = await sinkNode({ name: 'user', to: { postgres: `${schema}.user`, key, create }, ...rest });
  return openPostgresWriter(node, { postgres });
}

const signal = new AbortController().signal;
const write = (writer: Writer, entries: readonly Entry[], token = 't'): Promise<void> => writer.write(entries, { token, signal });

async function openServer(port = 5432): Promise<Postgres> {
  const config = { type: 'postgres', url: `postgres://postgres@127.0.0.1:${port}/postgres` } as const;
  return openPostgres(config, { projectDir: '/', maxConnections: 4, log: silentLog });
}

test('a missing table is created with its key, and rows of all types come out as they went in', async () => {
  await using scratch = await scratchPostgres();
  const columns = { id: 'bigint', name: 'varchar(5)', tags: 'text[]', info: 'jsonb', at: 'timestamptz', ok: 'boolean', code: 'char(3)' };
  const writer = await openWriter(scratch, { columns, key: ['id'], unknown_fields: { keep: 'rest' } });
  const row = { id: '9007199254740993', name: 'a"b\\c', tags: ['x,"y"', null, ''], info: { a: [1] }, at: '2024-01-02T03:04:05Z', ok: true };

  await write(writer, [entryOf([{ ...row, code: 'abc', rest: { more: 1 } }, { id: 2 }])]);

  const rows = await scratch.postgres.query(`select *, id::text, at::text from ${scratch.schema}.user order by id::bigint desc`);
  assert.deepEqual(rows[0], { ...row, code: 'abc', rest: { more: 1 }, at: rows[0]?.at });
  assert.equal(new Date(String(rows[0]?.at)).toISOString(), '2024-01-02T03:04:05.000Z');
  assert.deepEqual(rows[1], { id: '2', name: null, tags: null, info: null, at: null, ok: null, code: null, rest: null });
  const key = await scratch.postgres.query(
    `select from pg_constraint where conrelid = '${scratch.schema}.user'::regclass and contype = 'p'`,
  );
  assert.equal(key.length, 1);
});

test('several processes may create the same schema and table at once', async () => {
  await using scratch = await scratchPostgres();
  const to = { postgres: `${scratch.schema}_new.user`, create: true };
  const node = await sinkNode({ name: 'user', to, columns: { id: 'int' } });

  await Promise.all(Array.from({ length: 6 }, () => openPostgresWriter(node, scratch)));

  assert.deepEqual(await scratch.postgres.query(`select count(*)::int from ${scratch.schema}_new.user`), [{ count: 0 }]);
  await scratch.postgres.query(`drop schema ${scratch.schema}_new cascade`);
});

test('a row whose key is there is updated, and the last row of a key in one batch wins', async () => {
  await using scratch = await scratchPostgres();
  const writer = await openWriter(scratch, { columns: { a: 'int', b: 'text', v: 'int' }, key: ['a', 'b'] });
  await write(writer, [entryOf([{ a: 1, b: 'x', v: 1 }]), entryOf([{ a: 2, b: 'x', v: 1 }])]);

  await write(writer, [entryOf([{ a: 1, b: 'x', v: 2 }]), entryOf([{ a: 1, b: 'x', v: 3 }]), entryOf([{ a: 1, b: 'y', v: 4 }])], 'u');

  assert.deepEqual(await scratch.postgres.query(`select * from ${scratch.schema}.user order by a, b`), [
    { a: 1, b: 'x', v: 3 },
    { a: 1, b: 'y', v: 4 },
    { a: 2, b: 'x', v: 1 },
  ]);
});

test('a table of nothing but its key takes repeats', async () => {
  await using scratch = await scratchPostgres();
  const writer = await openWriter(scratch, { columns: { id: 'int' }, key: ['id'] });

  for (const token of ['a', 'b']) await write(writer, [entryOf([{ id: 1 }, { id: 1 }])], token);

  assert.deepEqual(await scratch.postgres.query(`select id from ${scratch.schema}.user`), [{ id: 1 }]);
});

test('where the id has a unique index, a repeat changes nothing', async () => {
  await using scratch = await scratchPostgres();
  const writer = await openWriter(scratch, { columns: { id: 'uuid', v: 'int' }, deduplicate_by: 'id' });
  const id = '0b0c8f1c-9a50-4a5e-8b53-0d1d3d1f2a10';
  await write(writer, [entryOf([{ id, v: 1 }], [id])]);

  await write(writer, [entryOf([{ id: id.toUpperCase(), v: 2 }], [id])], 'another');

  assert.deepEqual(await scratch.postgres.query(`select * from ${scratch.schema}.user`), [{ id, v: 1 }]);
});

test('entries that are stored are found by their ids, in whatever form, and only whole', async () => {
  await using scratch = await scratchPostgres();
  await scratch.postgres.query(`create table ${scratch.schema}.user (id int, v int)`);
  const writer = await openWriter(scratch, { columns: { id: 'int', v: 'int' }, deduplicate_by: 'id', create: false });
  const stored = entryOf([{ id: 1 }, { id: 2 }], ['1', '02']);
  await write(writer, [stored]);
  const half = entryOf([{ id: 2 }, { id: 3 }], ['2', '3']);
  const unfit = entryOf([{ id: 'x' }], ['x']);
  const without = entryOf([{}]);

  const found = await writer.findStored([half, unfit, stored, without], signal);

  assert.deepEqual([...found], [stored]);
});

test('looking for stored rows waits for a write whose commit is under way', async () => {
  await using scratch = await scratchPostgres();
  const { postgres, schema } = scratch;
  await postgres.query(`create table ${schema}.user (id int)`);
  await postgres.query(`
    create function ${schema}.slow() returns trigger language plpgsql as $$ begin
      perform pg_advisory_xact_lock(hashtext('${schema}')); return null; end $$`);
  await postgres.query(`
    create constraint trigger slow after insert on ${schema}.user deferrable initially deferred for each row execute function ${schema}.slow()`);
  const writer = await openWriter(scratch, { columns: { id: 'int' }, deduplicate_by: 'id', create: false });
  await using holder = await postgres.session();
  await holder.query(`select pg_advisory_lock(hashtext('${schema}'))`);
  const entry = entryOf([{ id: 1 }], ['1']);
  const writing = write(writer, [entry]);
  await untilWaiting(postgres, 1);

  const finding = writer.findStored([entry], signal);
  await untilWaiting(postgres, 2);
  await holder.query(`select pg_advisory_unlock(hashtext('${schema}'))`);

  await writing;
  assert.deepEqual([...(await finding)], [entry]);
});

/** Until so many sessions wait for an advisory lock. */
async function untilWaiting(postgres: Postgres, sessions: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const rows = await postgres.query(`select from pg_locks where locktype = 'advisory' and not granted`);
    if (rows.length >= sessions) return;
    assert.ok(Date.now() < deadline, 'nobody waits for the lock');
  }
}

test('everything that keeps rows out of a table is named before anything is consumed', async () => {
  await using scratch = await scratchPostgres();
  const { postgres, schema } = scratch;
  const columns = { id: 'int', name: 'text', total: 'int', gone: 'int' };
  const open = (options: Partial<SinkOptions> = {}): Promise<Writer> => openWriter(scratch, { columns, create: false, ...options });

  await assert.rejects(open(), { code: 'SINK_TABLE', message: `The sink 'user' cannot fill ${schema}.user: there is no such table.` });
  await postgres.query(`
    create table ${schema}.user (id bigint, name text, total int generated always as (1) stored, must int not null, may int not null default 1)`);
  await assert.rejects(open({ create: true }), {
    code: 'SINK_TABLE',
    message: `The sink 'user' cannot fill ${schema}.user: column 'id' is bigint there and int in \`columns\`; column 'total' is generated; it has no column 'gone'; its column 'must' needs a value, and \`columns\` has none.`,
  });
  await assert.rejects(open({ columns: { id: 'intt', name: 'text); drop table x; --' } }), {
    code: 'SINK_TABLE',
    message: `The sink 'user' cannot fill ${schema}.user: PostgreSQL has no type 'intt' (column 'id'), 'text); drop table x; --' (column 'name').`,
  });
  await postgres.query(`alter table ${schema}.user drop must`);
  await postgres.query(`create unique index on ${schema}.user (name) where id > 0`);
  await assert.rejects(open({ columns: { id: 'int8', name: 'varchar' }, key: ['name'] }), /'name' is text there and varchar in/);
  await assert.rejects(open({ columns: { id: 'int8', name: 'text' }, key: ['name'] }), {
    message: /no unique index is on \(name\)/,
    hint: /add unique \("name"\);$/,
  });
});

test('a column of a created table that says so takes no null', async () => {
  await using scratch = await scratchPostgres();
  const writer = await openWriter(scratch, { columns: { id: 'int', name: 'varchar(5) NOT NULL' } });

  const fault = await faultOf(write(writer, [entryOf([{ id: 1, name: null }])]));

  assert.deepEqual([fault.kind, fault.code], ['data', '23502']);
});

test('a domain is taken for the type it narrows', async () => {
  await using scratch = await scratchPostgres();
  await scratch.postgres.query(`create domain ${scratch.schema}.mail as text check (value like '%@%')`);
  await scratch.postgres.query(`create table ${scratch.schema}.user (mail ${scratch.schema}.mail)`);
  const writer = await openWriter(scratch, { columns: { mail: 'text' }, create: false });

  await write(writer, [entryOf([{ mail: 'a@b' }])]);

  assert.equal((await faultOf(write(writer, [entryOf([{ mail: 'secret' }])], 'u'))).kind, 'data');
});

const refused: readonly (readonly [string, unknown, string])[] = [
  ['a text that is no number', { id: 'secret' }, '22P02'],
  ['a number beyond its type', { id: 1e12 }, '22003'],
  ['a text beyond its length', { name: 'secret' }, '22001'],
  ['a zero byte', { name: 'a\0' }, '22021'],
  ['a missing value', { id: null }, '23502'],
  ['a failing check', { id: -1 }, '23514'],
  ['a refusing trigger', { name: 'boom' }, 'P0001'],
  ['an error that a trigger takes for another', { name: 'bang' }, '23514'],
];

test('what is in the rows is their fault: nothing is stored, and no value is told', async (context) => {
  await using scratch = await scratchPostgres();
  const { postgres, schema } = scratch;
  await postgres.query(`create table ${schema}.user (id int not null check (id >= 0), name varchar(5) default '')`);
  await postgres.query(`
    create function ${schema}.refuse() returns trigger language plpgsql as $$ begin
      if new.name = 'boom' then raise exception 'no % here', new.name; end if;
      if new.name = 'bang' then raise check_violation using message = 'no ' || new.name || ' here'; end if;
      return new; end $$`);
  await postgres.query(`create trigger refuse before insert on ${schema}.user for each row execute function ${schema}.refuse()`);
  const writer = await openWriter(scratch, { columns: { id: 'int', name: 'varchar(5)' }, create: false });
  const good = entryOf([{ id: 1, name: 'good' }]);

  for (const [name, row, code] of refused) {
    await context.test(name, async () => {
      const bad = entryOf([{ id: 5, name: 'fine', ...(row as object) }]);

      const alone = await faultOf(write(writer, [bad]));
      const together = await faultOf(write(writer, [good, bad], 'u'));

      assert.deepEqual([alone.kind, alone.code, alone.culprit], ['data', code, 0]);
      assert.deepEqual([together.kind, together.code, together.culprit], ['data', code, null]);
      assert.doesNotMatch(alone.message, /secret|boom|bang|1000000000000|-1/);
    });
  }
  assert.deepEqual(await postgres.query(`select * from ${schema}.user`), []);
});

test('a table that is dropped or altered, and a missing permission, wait for somebody to act', async () => {
  await using scratch = await scratchPostgres();
  const { postgres, schema } = scratch;
  const writer = await openWriter(scratch, { columns: { id: 'int', v: 'int' } });
  const entries = [entryOf([{ id: 1, v: 1 }])];

  await postgres.query(`alter table ${schema}.user drop v`);
  const altered = await faultOf(write(writer, entries));
  await postgres.query(`drop table ${schema}.user`);
  const dropped = await faultOf(write(writer, entries));
  await postgres.query(`create table ${schema}.user (id int, v int)`);
  await write(writer, entries);

  assert.deepEqual([altered.kind, altered.code], ['setup', '42703']);
  assert.deepEqual([dropped.kind, dropped.code], ['setup', '42P01']);
  assert.deepEqual(await postgres.query(`select * from ${schema}.user`), [{ id: 1, v: 1 }]);
});

test('a read-only server and a lock that is not given in time are nobody’s fault', async () => {
  await using scratch = await scratchPostgres();
  const { postgres, schema } = scratch;
  await postgres.query(`create table ${schema}.user (id int)`);
  await postgres.query(`
    create function ${schema}.fail() returns trigger language plpgsql as $$ begin
      if new.id = 1 then perform set_config('transaction_read_only', 'on', true); create table ${schema}.x (); end if;
      raise lock_not_available; end $$`);
  await postgres.query(`create trigger fail before insert on ${schema}.user for each row execute function ${schema}.fail()`);
  const writer = await openWriter(scratch, { columns: { id: 'int' }, create: false });

  const readOnly = await faultOf(write(writer, [entryOf([{ id: 1 }])]));
  const locked = await faultOf(write(writer, [entryOf([{ id: 2 }])], 'u'));

  assert.deepEqual([readOnly.kind, readOnly.code], ['outage', '25006']);
  assert.deepEqual([locked.kind, locked.code], ['outage', '55P03']);
});

test('an upsert of many processes at once ends with the rows of all, whatever order they come in', async () => {
  await using scratch = await scratchPostgres();
  const columns = { id: 'int', v: 'int' };
  const writers = await Promise.all([0, 1, 2, 3].map(() => openWriter(scratch, { columns, key: ['id'] })));
  const ids = Array.from({ length: 500 }, (_, id) => id);

  await Promise.all(
    writers.map(async (writer, v) => {
      for (let round = 0; round < 5; round++) {
        const order = (v + round) % 2 === 0 ? ids : ids.toReversed();
        await write(writer, [entryOf(order.map((id) => ({ id, v })))], `${v} ${round}`);
      }
    }),
  );

  assert.deepEqual(await scratch.postgres.query(`select count(*)::int from ${scratch.schema}.user`), [{ count: 500 }]);
});

test('a commit whose answer is lost is not written a second time', async (context) => {
  if (!(await needs('postgres', context))) return;
  await using proxy = await faultProxy(5432);
  await using postgres = await openServer(proxy.port);
  await using scratch = await scratchSchema(postgres);
  const writer = await openWriter(scratch, { columns: { id: 'int' } });
  const entries = [entryOf([{ id: 1 }])];

  let committing = false;
  proxy.fault(({ direction, chunk }) => {
    committing ||= direction === 'request' && chunk.includes('commit');
    return committing && direction === 'answer' ? 'cut' : 'pass';
  });
  const lost = await faultOf(write(writer, entries));
  proxy.heal();
  await write(writer, entries);
  await write(writer, [entryOf([{ id: 2 }])], 'u');

  assert.deepEqual([lost.kind, lost.code], ['outage', 'POSTGRES_UNREACHABLE']);
  assert.deepEqual(await postgres.query(`select id from ${scratch.schema}.user order by id`), [{ id: 1 }, { id: 2 }]);
});

test('a commit that never reached the server is written again', async (context) => {
  if (!(await needs('postgres', context))) return;
  await using proxy = await faultProxy(5432);
  await using postgres = await openServer(proxy.port);
  await using scratch = await scratchSchema(postgres);
  const writer = await openWriter(scratch, { columns: { id: 'int' } });
  const entries = [entryOf([{ id: 1 }])];

  proxy.fault(({ direction, chunk }) => (direction === 'request' && chunk.includes('commit') ? 'cut' : 'pass'));
  const lost = await faultOf(write(writer, entries));
  proxy.heal();
  await write(writer, entries);

  assert.equal(lost.kind, 'outage');
  assert.deepEqual(await postgres.query(`select id from ${scratch.schema}.user`), [{ id: 1 }]);
});

test('a write into a dead network ends when it is stopped', async (context) => {
  if (!(await needs('postgres', context))) return;
  await using proxy = await faultProxy(5432);
  await using postgres = await openServer(proxy.port);
  await using direct = await openServer();
  await using scratch = await scratchSchema(direct);
  const writer = await openWriter({ ...scratch, postgres }, { columns: { id: 'int' } });
  const stop = new AbortController();

  proxy.fault(({ chunk }) => {
    if (!chunk.includes('insert into')) return 'pass';
    stop.abort(new Error('stopped'));
    return 'hole';
  });
  await assert.rejects(writer.write([entryOf([{ id: 1 }])], { token: 't', signal: stop.signal }), /stopped/);
  proxy.heal();
  await write(writer, [entryOf([{ id: 2 }])]);

  assert.deepEqual(await direct.query(`select id from ${scratch.schema}.user`), [{ id: 2 }]);
});
