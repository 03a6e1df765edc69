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
