import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../framework/foundation/clock.ts';
import { GccflowError } from '../../framework/foundation/error.ts';
import { rollbackSync } from '../../framework/sync/rollback-sync.ts';
import { scratchSync } from '../support/sync.ts';

function failsWith(code: string, text: RegExp): (thrown: unknown) => boolean {
  return (thrown) => {
    assert.ok(thrown instanceof GccflowError, String(thrown));
    assert.equal(thrown.code, code, thrown.message);
    assert.match(thrown.message, text);
    return true;
  };
}

test('a relation is published, and published again', async () => {
  await using sync = await scratchSync();
  await sync.fill('select number as id from numbers(10)');
  await sync.run();
  await sync.fill('select number + 1 as id from numbers(20)');

  const outcome = await sync.run();

  assert.equal(outcome.rows, 20);
  assert.deepEqual(
    outcome.phases.map(({ phase }) => phase),
    ['prepare', 'export', 'load', 'publish', 'cleanup'],
  );
  assert.deepEqual(await sync.rows('select count(*)::int, min(id)::int, max(id)::int'), [{ count: 20, min: 1, max: 20 }]);
  assert.equal((await sync.postgres.query(`select 1 from gccflow.sync_publication where id = $1`, [outcome.publicationId])).length, 1);
});

test('names with quotes, spaces, unicode and reserved words are kept', async () => {
  await using sync = await scratchSync();
  await sync.fill('select 1 as `select`, 2 as `it\'s "quoted" \\`so\\``, 3 as `naïve 名`');
  const names = ['select', 'it\'s "quoted" `so`', 'naïve 名'];
  const table = 'order "by" 名'.padEnd(55, 'x');

  await sync.run({ to: { schema: sync.schema, table }, primary_key: names, indexes: [{ columns: names }] });
  await sync.run({ to: { schema: sync.schema, table }, primary_key: names, indexes: [{ columns: names }] });

  const [row] = await sync.postgres.query(`select * from ${sync.schema}."${table.replaceAll('"', '""')}"`);
  assert.deepEqual(Object.keys(row ?? {}), names);
});

test('a missing column is named and nothing is touched', async () => {
  await using sync = await scratchSync();
  await sync.fill('select 1 as id, 2 as views');

  const running = sync.run({ columns: ['id', 'veiws'] });

  await assert.rejects(running, failsWith('SYNC_COLUMN_MISSING', /'veiws'/));
  assert.deepEqual(await sync.objects.list(''), []);
});

test('a type without a counterpart is refused', async () => {
  await using sync = await scratchSync();
  await sync.fill('select uniqState(number) as state from numbers(3)');

  await assert.rejects(sync.run(), failsWith('SYNC_TYPE_UNSUPPORTED', /'state' of type AggregateFunction/));
});

test('a table that shrinks too much, is too small or fails a check stays as it was', async () => {
  await using sync = await scratchSync();
  await sync.fill('select number as id from numbers(10)');
  await sync.run();
  await sync.fill('select number as id from numbers(4)');

  await assert.rejects(sync.run(), failsWith('SYNC_VALIDATION', /from 10 rows to 4/));
  await assert.rejects(sync.run({ max_shrink: 1, min_rows: 5 }), failsWith('SYNC_VALIDATION', /fewer than its min_rows of 5/));
  const checks = [{ name: 'no zero', sql: 'select * from {{table}} where id = 0' }];
  await assert.rejects(sync.run({ max_shrink: 1, checks }), failsWith('SYNC_VALIDATION', /check 'no zero'/));

  assert.deepEqual(await sync.rows('select count(*)::int'), [{ count: 10 }]);
  const tables = await sync.postgres.query(`select tablename from pg_tables where schemaname = $1`, [sync.schema]);
  assert.deepEqual(tables, [{ tablename: 'target' }]);
});

test('views and foreign keys are refused by name before data moves, or recreated in the swap', async () => {
  await using sync = await scratchSync();
  const key = { primary_key: 'id' };
  await sync.fill('select number as id from numbers(3)');
  await sync.run(key);
  await sync.postgres.query(`create view ${sync.schema}.v as select id from ${sync.schema}.target`);
  await sync.postgres.query(`create materialized view ${sync.schema}.mv as select max(id) from ${sync.schema}.target`);
  await sync.postgres.query(`create table ${sync.schema}.child (id numeric(20) constraint to_target references ${sync.schema}.target)`);
  await sync.fill('select number as id from numbers(5)');
  const before = await sync.objects.list('');

  await assert.rejects(
    sync.run(key),
    failsWith('SYNC_DEPENDENTS', /foreign key to_target on .*child, materialized view .*\.mv, view .*\.v\./),
  );
  const after = await sync.objects.list('');
  await sync.run({ ...key, dependents: 'recreate' });

  assert.deepEqual(after, before);
  assert.deepEqual(await sync.postgres.query(`select count(*)::int from ${sync.schema}.v`), [{ count: 5 }]);
  assert.deepEqual(await sync.postgres.query(`select * from ${sync.schema}.mv`), [{ max: '4' }]);
  await assert.rejects(
    sync.postgres.query(`insert into ${sync.schema}.child values (9)`),
    failsWith('POSTGRES_QUERY', /foreign key constraint/),
  );
});

test('indexes, constraints, grants, triggers, policies, comments and sequences go with the new table', async () => {
  await using sync = await scratchSync();
  const [role, s] = [`role_${sync.schema}`, sync.schema];
  await sync.fill('select toInt32(number) as id, toString(number) as name from numbers(3)');
  await sync.run({ primary_key: 'id', columns: ['id', { name: 'name', description: 'what it is called' }], description: 'all of them' });
  for (const statement of [
    `create role ${role}`,
    `grant select on ${s}.target to ${role}`,
    `create index by_name on ${s}.target (lower(name))`,
    `alter table ${s}.target add constraint positive check (id >= 0)`,
    `create sequence ${s}.ids owned by ${s}.target.id`,
    `alter table ${s}.target alter id set default nextval('${s}.ids')`,
    `create function ${s}.pass() returns trigger language plpgsql as 'begin return new; end'`,
    `create trigger watch before insert on ${s}.target for each row execute function ${s}.pass()`,
    `alter table ${s}.target enable row level security`,
    `create policy mine on ${s}.target for select to ${role} using (id > 0)`,
    `alter table ${s}.target set (fillfactor = 70)`,
  ]) {
    await sync.postgres.query(statement);
  }
  const shape = `select jsonb_build_object(
      'indexes', (select jsonb_agg(indexdef order by indexdef) from pg_indexes where schemaname = '${s}' and tablename = 'target'),
      'constraints', (select jsonb_agg(conname || pg_get_constraintdef(oid) order by conname) from pg_constraint where conrelid = '${s}.target'::regclass and contype <> 'n'),
      'acl', (select relacl::text || relrowsecurity || reloptions::text || obj_description(oid) from pg_class where oid = '${s}.target'::regclass),
      'comment', col_description('${s}.target'::regclass, 2),
      'triggers', (select jsonb_agg(tgname) from pg_trigger where tgrelid = '${s}.target'::regclass and not tgisinternal),
      'policies', (select jsonb_agg(polname || pg_get_expr(polqual, polrelid)) from pg_policy where polrelid = '${s}.target'::regclass),
      'sequence', pg_get_serial_sequence('${s}.target', 'id')) as shape`;
  const before = await sync.postgres.query(shape);

  await sync.run({ primary_key: 'id' });
  await sync.run({ primary_key: 'id' });

  assert.deepEqual(await sync.postgres.query(shape), before);
  await sync.postgres.query(`drop owned by ${role}`);
  await sync.postgres.query(`drop role ${role}`);
});

test('a rollback restores the rows and the names, and can be rolled back', async () => {
  await using sync = await scratchSync();
  const input = { primary_key: 'id', indexes: [{ columns: ['id'] }] };
  const file = sync.file(input);
  const deps = { postgres: sync.postgres, runId: 'r', clock: systemClock, signal: new AbortController().signal };
  await sync.fill('select number as id from numbers(3)');
  await sync.run(input);
  await assert.rejects(rollbackSync({ sync: file }, deps), failsWith('ROLLBACK_IMPOSSIBLE', /no earlier copy/));
  await sync.fill('select number as id from numbers(7)');
  await sync.run(input);
  const names = `select indexname from pg_indexes where schemaname = '${sync.schema}' order by 1`;
  const before = await sync.postgres.query(names);

  await rollbackSync({ sync: file }, deps);
  const back = await sync.rows('select count(*)::int');
  await rollbackSync({ sync: file }, deps);

  assert.deepEqual(back, [{ count: 3 }]);
  assert.deepEqual(await sync.rows('select count(*)::int'), [{ count: 7 }]);
  assert.deepEqual(await sync.postgres.query(names), before);
});

test('a filled column is PostgreSQL’s, an empty relation is a table without rows', async () => {
  await using sync = await scratchSync();
  await sync.fill('select number as id from numbers(0)');
  const columns = ['id', { name: 'updated_at', type: 'timestamptz', fill: 'now()' }];
  await sync.run({ columns });
  const empty = await sync.rows('select count(*)::int');
  await sync.fill('select number as id from numbers(2)');

  await sync.run({ columns });

  assert.deepEqual(empty, [{ count: 0 }]);
  assert.deepEqual(await sync.rows('select count(updated_at)::int'), [{ count: 2 }]);
});

test('a second run on the same table is refused while the first one holds it', async () => {
  await using sync = await scratchSync();
  await sync.fill('select number as id from numbers(2)');
  let second: Promise<unknown> = Promise.resolve();

  await sync.run(
    {},
    {
      onProgress: ({ phase }) => {
        if (phase === 'export') second = sync.run().catch((thrown: unknown) => thrown);
      },
    },
  );

  assert.equal(((await second) as GccflowError).code, 'RUN_LOCKED');
});

test('a reader that stays makes the swap give up, with the table untouched', async () => {
  await using sync = await scratchSync();
  await sync.fill('select number as id from numbers(2)');
  await sync.run();
  await using reader = await sync.postgres.session();
  await reader.query('begin');
  await reader.query(`select * from ${sync.schema}.target`);

  const running = sync.run({ lock_timeout: '20ms', swap_deadline: '200ms' });

  await assert.rejects(running, failsWith('SYNC_LOCK_TIMEOUT', /the table is untouched/));
  assert.deepEqual(await sync.rows('select count(*)::int'), [{ count: 2 }]);
});
