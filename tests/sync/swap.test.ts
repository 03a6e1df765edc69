import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratchSync } from '../support/sync.ts';

test('during 50 swaps no reader of 8 sees an error, an empty table or a mixture', async () => {
  await using sync = await scratchSync();
  let version = 0;
  const publish = async (): Promise<void> => {
    version++;
    await sync.fill(`select number as id, ${version} as version from numbers(500)`);
    await sync.run({ primary_key: 'id', max_shrink: 1 });
  };
  await publish();
  let stopped = false;
  let reads = 0;
  const seen: string[] = [];
  const readers = Array.from({ length: 8 }, async () => {
    while (!stopped) {
      const [row] = await sync.rows<{ seen: string }>(`select count(*) || ' rows, ' || count(distinct version) || ' versions' as seen`);
      reads++;
      if (row?.seen !== '500 rows, 1 versions') seen.push(row?.seen ?? 'nothing');
    }
  });

  for (let swap = 0; swap < 50; swap++) await publish();
  stopped = true;
  await Promise.all(readers);

  assert.deepEqual(seen, []);
  assert.ok(reads > 100, `${reads} reads`);
});
