import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowLabOptions, flowLab } from '../../support/flow-lab.ts';

const retrieve = { api: 'graphapi', path: '/x' };
const output = {
  id: 'string',
  followers: 'integer?',
  score: 'number?',
  at: 'timestamp?',
  tags: 'list?',
  more: 'object?',
  active: 'boolean?',
};
const upsertFlow = (upsert: object, rest: object = {}): FlowLabOptions['flow'] => ({
  retrieve,
  output,
  process: [{ upsert: { table: 'SCHEMA.account', key: 'id', ...upsert }, ...rest }],
});

test('a missing table is created from output, with the key, and every type comes back as it went in', async (context) => {
  const full = {
    id: 'a',
    followers: 9_007_199_254_740_991,
    score: 0.5,
    at: '2026-01-02T03:04:05Z',
    tags: ['x', { y: 1 }],
    more: { z: 'q\'"' },
    active: false,
  };
  await using lab = await flowLab(context, { flow: upsertFlow({ create: true }), answer: () => [full, { id: 'b' }] });

  assert.deepEqual(await lab.runOnce(), { kind: 'settled' });

  const [a, b] = await lab.rows('account');
  assert.deepEqual(a, { ...full, followers: '9007199254740991', at: new Date(full.at) });
  assert.deepEqual(b, { id: 'b', followers: null, score: null, at: null, tags: null, more: null, active: null });
  const keys = await lab.postgres.query(
    `select conname from pg_constraint where conrelid = '${lab.schema}.account'::regclass and contype = 'p'`,
  );
  assert.equal(keys.length, 1);
});

test('a row that is there is updated by its key, and the last of a key in one answer wins', async (context) => {
  let followers = 1;
  await using lab = await flowLab(context, {
    flow: upsertFlow({ create: true }),
    answer: () => [
      { id: 'a', followers: 0 },
      { id: 'a', followers: followers++ },
    ],
  });

  await lab.runOnce();
  await lab.runOnce();

  assert.deepEqual(
    (await lab.rows('account')).map(({ id, followers: count }) => [id, count]),
    [['a', '2']],
  );
});

test('with newer_by an older row changes nothing, also within one answer', async (context) => {
  const answers = [
    [
      { id: 'a', at: 200, followers: 2 },
      { id: 'a', at: 100, followers: 1 },
    ],
    [{ id: 'a', at: 150, followers: 3 }],
    [{ id: 'a', at: 200, followers: 4 }],
    [{ id: 'a', followers: 5 }],
  ];
  await using lab = await flowLab(context, { flow: upsertFlow({ create: true, newer_by: 'at' }), answer: () => answers.shift() });
  const counts: unknown[] = [];

  for (const _answer of [...answers]) {
    assert.deepEqual(await lab.runOnce(), { kind: 'settled' });
    counts.push((await lab.rows('account'))[0]?.followers);
  }

  assert.deepEqual(counts, ['2', '2', '4', '4']);
});

test('columns take what expressions give, also of params and the page, and other columns stay', async (context) => {
  await using lab = await flowLab(context, {
    flow: {
      ...upsertFlow({
        columns: { id: 'record.id', platform: 'params.platform', n: '$count(record.tags)', tags: 'record.tags', after: 'page.next' },
      }),
      params: { platform: 'string' },
      parse: { fields: { id: 'id', tags: 'tags' }, page: { next: 'next' } },
    },
    answer: () => ({ id: 'a', tags: ['x', 'y "z"'], next: 'c2' }),
  });
  await lab.postgres.query(
    `create table ${lab.schema}.account (id text primary key, platform varchar(20), n int, tags text[], after text, note text default 'kept')`,
  );

  assert.deepEqual(await lab.runOnce({ platform: 'instagram' }), { kind: 'settled' });

  assert.deepEqual(await lab.rows('account'), [{ id: 'a', platform: 'instagram', n: 2, tags: ['x', 'y "z"'], after: 'c2', note: 'kept' }]);
});

test('without output the columns are the fields that the records have', async (context) => {
  let records: unknown = [
    { id: 'a', followers: 1 },
    { id: 'b', bio: 'x' },
  ];
  const { output: _output, ...flow } = upsertFlow({ key: ['id'] });
  await using lab = await flowLab(context, { flow, answer: () => records });
  await lab.postgres.query(`create table ${lab.schema}.account (id text primary key, followers int, bio text, note text default 'kept')`);

  const first = await lab.runOnce();
  records = [{ id: 'a', followers: 2 }];
  await lab.runOnce();
  records = [{ followers: 3, handle: 'nasa' }];
  const unfit = await lab.runOnce();

  assert.deepEqual(first, { kind: 'settled' });
  assert.deepEqual(await lab.rows('account'), [
    { id: 'a', followers: 2, bio: null, note: 'kept' },
    { id: 'b', followers: null, bio: 'x', note: 'kept' },
  ]);
  assert.equal(
    unfit.kind === 'failed' && unfit.error.message,
    `The table '${lab.schema}.account' does not fit the upsert: it has no column 'handle'; its column 'id' needs a value, and the upsert has none; the records have no field 'id', which is of its key.`,
  );
});

test('a table that does not fit fails the attempt with everything that differs, and the next attempt looks again', async (context) => {
  await using lab = await flowLab(context, {
    flow: upsertFlow({ columns: { id: 'record.id', followers: 'record.followers' } }),
    answer: () => ({ id: 'a' }),
  });

  const missing = await lab.runOnce();
  await lab.postgres.query(
    `create table ${lab.schema}.account (id text, owner text not null, followers int generated always as (1) stored)`,
  );
  const unfit = await lab.runOnce();
  await lab.postgres.query(`drop table ${lab.schema}.account; create table ${lab.schema}.account (id text unique, followers int)`);
  const fit = await lab.runOnce();

  assert.ok(missing.kind === 'failed' && unfit.kind === 'failed');
  assert.deepEqual(missing.error, {
    code: 'UPSERT_TABLE',
    message: `The table '${lab.schema}.account' does not fit the upsert: there is no such table.`,
    place: 'flows/refresh.yaml',
  });
  assert.equal(
    unfit.error.message,
    `The table '${lab.schema}.account' does not fit the upsert: its column 'followers' is generated; its column 'owner' needs a value, and the upsert has none; no unique index is on (id).`,
  );
  assert.deepEqual(fit, { kind: 'settled' });
});

test('data that PostgreSQL refuses fails the attempt, and its values are not told', async (context) => {
  await using lab = await flowLab(context, { flow: upsertFlow({ columns: { id: 'record.id' } }), answer: () => ({ id: 'private text' }) });
  await lab.postgres.query(`create table ${lab.schema}.account (id int primary key)`);

  const outcome = await lab.runOnce();

  assert.ok(outcome.kind === 'failed');
  assert.equal(outcome.error.code, 'POSTGRES_QUERY');
  assert.match(outcome.error.message, /invalid input syntax for type integer \(SQLSTATE 22P02\)/);
  assert.doesNotMatch(outcome.error.message, /private/);
});

test('names of tables and columns are names, whatever they hold', async (context) => {
  const name = 'x"; drop table y; --';
  await using lab = await flowLab(context, {
    flow: { ...upsertFlow({ table: `SCHEMA.${name}`, create: true, columns: { id: 'record.id', [`"${name}'$1`]: 'record.followers' } }) },
    answer: () => ({ id: 'a', followers: 1 }),
  });

  assert.deepEqual(await lab.runOnce(), { kind: 'settled' });

  assert.deepEqual(await lab.postgres.query(`select * from ${lab.schema}."x""; drop table y; --"`), [{ id: 'a', [`"${name}'$1`]: '1' }]);
});

test('many tasks that upsert the same rows at once do not wait for each other in a circle', async (context) => {
  const ids = Array.from({ length: 50 }, (_, n) => `p${n}`);
  await using lab = await flowLab(context, {
    flow: upsertFlow({ create: true }),
    answer: () => ids.toSorted(() => Math.random() - 0.5).map((id) => ({ id, followers: 1 })),
  });
  await lab.runOnce();
  const tasks = [];
  for (let n = 0; n < 20; n++) tasks.push(await lab.lease());

  const outcomes = await Promise.all(tasks.map((task) => lab.run(task)));

  assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['settled']));
  assert.equal((await lab.rows('account')).length, 50);
});
