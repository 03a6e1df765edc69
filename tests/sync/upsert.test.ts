import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratchSync } from '../support/sync.ts';

const upsert = { mode: 'upsert', key: 'id', watermark: 'seen_at' } as const;
const at = (expression: string): string => `toDateTime64('2024-01-01 00:00:00', 3, 'UTC') + ${expression}`;

test('an upsert adds new rows, changes known ones and leaves the others', async () => {
  await using sync = await scratchSync();
  await sync.fill(`select toInt32(number) as id, 'old' as state, ${at('number')} as seen_at from numbers(10)`);
  await sync.run(upsert);
  await sync.fill(`select toInt32(number + 8) as id, 'new' as state, ${at('100 + number')} as seen_at from numbers(5)`);

  await sync.run(upsert);

  const states = await sync.postgres.query(
    `select state, count(*)::int, min(id), max(id) from ${sync.schema}.target group by state order by state`,
  );
  assert.deepEqual(states, [
    { state: 'new', count: 5, min: 8, max: 12 },
    { state: 'old', count: 8, min: 0, max: 7 },
  ]);
});

test('only rows from the published watermark on are read again, less the look-back', async () => {
  await using sync = await scratchSync();
  await sync.fill(`select toInt32(number) as id, ${at('number')} as seen_at from numbers(100)`);
  await sync.run(upsert);

  const again = await sync.run(upsert);
  const back = await sync.run({ ...upsert, lookback: '10s' });

  assert.equal(again.rows, 1);
  assert.equal(back.rows, 11);
});

test('of rows with one key the one with the highest watermark counts', async () => {
  await using sync = await scratchSync();
  await sync.fill(`select toInt32(0) as id, 'zero' as state, ${at('0')} as seen_at`);
  await sync.run(upsert);
  await sync.fill(
    `select toInt32(1) as id, if(number = 1, 'last', 'earlier') as state, ${at('if(number = 1, 9, 5)')} as seen_at from numbers(3)`,
  );

  await sync.run(upsert);

  assert.deepEqual(await sync.rows('select max(state) filter (where id = 1) as state, count(*)::int'), [{ state: 'last', count: 2 }]);
});

test('a table without a unique index on the key is refused', async () => {
  await using sync = await scratchSync();
  await sync.fill(`select toInt32(1) as id, ${at('0')} as seen_at`);
  await sync.run();

  await assert.rejects(sync.run(upsert), { code: 'CONFIG_CONFLICT', message: /no unique index on the key/ });
});

test('a late row is taken within the look-back and missed beyond it', async () => {
  await using sync = await scratchSync();
  const input = { ...upsert, lookback: '10s' };
  await sync.fill(`select toInt32(1) as id, ${at('100')} as seen_at`);
  await sync.run(input);
  await sync.fill(`select toInt32(number) as id, ${at('if(number = 2, 95, 80)')} as seen_at from numbers(2, 2)`);

  await sync.run(input);

  assert.deepEqual(await sync.rows('select array_agg(id order by id) as ids'), [{ ids: [1, 2] }]);
});

test('rows deleted in the relation stay in the table: an upsert deletes nothing', async () => {
  await using sync = await scratchSync();
  await sync.fill(`select toInt32(number) as id, ${at('number')} as seen_at from numbers(5)`);
  await sync.run(upsert);
  await sync.fill(`select toInt32(4) as id, ${at('9')} as seen_at`);

  await sync.run(upsert);

  assert.deepEqual(await sync.rows('select count(*)::int'), [{ count: 5 }]);
});

test('the table keeps its identity, so a view on it sees the upserted rows', async () => {
  await using sync = await scratchSync();
  await sync.fill(`select toInt32(1) as id, ${at('0')} as seen_at`);
  await sync.run(upsert);
  await sync.postgres.query(`create view ${sync.schema}.v as select id from ${sync.schema}.target`);
  await sync.fill(`select toInt32(number) as id, ${at('number')} as seen_at from numbers(1, 3)`);

  await sync.run(upsert);

  assert.deepEqual(await sync.postgres.query(`select count(*)::int from ${sync.schema}.v`), [{ count: 3 }]);
});

test('of two upserts of one table at once one is refused, and the rows are those of the other', async () => {
  await using sync = await scratchSync();
  await sync.fill(`select toInt32(number) as id, ${at('number')} as seen_at from numbers(5)`);

  const outcomes = await Promise.allSettled([sync.run(upsert), sync.run(upsert)]);

  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  assert.deepEqual(
    refused.map(({ reason }) => (reason as { code?: string }).code),
    ['RUN_LOCKED'],
  );
  assert.deepEqual(await sync.rows('select count(*)::int'), [{ count: 5 }]);
});

test('an upsert that fails after its rows were staged leaves the table, and the next one takes them', async () => {
  await using sync = await scratchSync();
  await sync.fill(`select toInt32(1) as id, ${at('0')} as seen_at`);
  await sync.run(upsert);
  await sync.fill(`select toInt32(number) as id, ${at('number')} as seen_at from numbers(1, 3)`);
  const stopping = new AbortController();

  const running = sync.run(upsert, {
    signal: stopping.signal,
    onProgress: ({ phase }) => {
      if (phase === 'publish') stopping.abort();
    },
  });
  await assert.rejects(running, { code: 'CANCELLED' });
  const between = await sync.rows('select count(*)::int');
  await sync.run(upsert);

  assert.deepEqual(between, [{ count: 1 }]);
  assert.deepEqual(await sync.rows('select count(*)::int'), [{ count: 3 }]);
  const tables = await sync.postgres.query(`select tablename from pg_tables where schemaname = $1`, [sync.schema]);
  assert.deepEqual(tables, [{ tablename: 'target' }]);
});

test('an upsert waits for a row that somebody holds until its deadline, and changes nothing then', async () => {
  await using sync = await scratchSync();
  await sync.fill(`select toInt32(number) as id, 'old' as state, ${at('number')} as seen_at from numbers(3)`);
  await sync.run(upsert);
  await sync.fill(`select toInt32(number) as id, 'new' as state, ${at('100')} as seen_at from numbers(5)`);
  await using holder = await sync.postgres.session();
  await holder.query('begin');
  await holder.query(`select 1 from ${sync.schema}.target where id = 1 for update`);

  const running = sync.run({ ...upsert, swap_deadline: '300ms' });

  await assert.rejects(running, { code: 'SYNC_LOCK_TIMEOUT', message: /target' within 300 ms, in 1 try; the table is untouched/ });
  await holder.query('rollback');
  assert.deepEqual(await sync.rows('select count(*)::int, max(state) as state'), [{ count: 3, state: 'old' }]);
  await sync.run(upsert);
  assert.deepEqual(await sync.rows('select count(*)::int, max(state) as state'), [{ count: 5, state: 'new' }]);
});
