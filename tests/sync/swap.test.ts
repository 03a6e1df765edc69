import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ScratchSync, scratchSync } from '../support/sync.ts';

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

/** A table whose swap and whose VACUUM evaluate a function that never ends once the flag is there. */
async function slowed(sync: ScratchSync, when: string): Promise<void> {
  const { schema: s, postgres } = sync;
  await sync.fill('select toInt32(number) as id from numbers(3)');
  await sync.run();
  await postgres.query(`create function ${s}.slow(id int) returns int immutable language plpgsql as
    'begin if ${when} then perform pg_sleep(60); end if; return id; end'`);
}

test('a swap whose statement does not end fails at its deadline, and the live table is untouched', async () => {
  await using sync = await scratchSync();
  const { schema: s, postgres } = sync;
  await slowed(sync, `to_regclass(''${s}.flag'') is not null`);
  await postgres.query(`create materialized view ${s}.reader as select ${s}.slow(id) as id from ${s}.target`);
  await postgres.query(`create table ${s}.flag ()`);
  await sync.fill('select toInt32(number) as id from numbers(5)');
  const startedMs = performance.now();

  const running = sync.run({ dependents: 'recreate', swap_deadline: '1s' });

  await assert.rejects(running, {
    code: 'SYNC_LOCK_TIMEOUT',
    message: /could not finish the swap .* within 1.0 s, in 1 try;/,
    hint: /materialized views/,
  });
  assert.ok(performance.now() - startedMs < 20_000);
  assert.deepEqual(await sync.rows('select count(*)::int'), [{ count: 3 }]);
});

for (const [what, query, input] of [
  ['VACUUM', 'vacuum', { indexes: [{ expressions: ['slow(id)'] }] }],
  ['check', 'select 1 from', { checks: [{ name: 'slow', sql: 'select 1 from {{table}} where slow(id) < 0' }] }],
] as const) {
  test(`a sync that is stopped during its ${what} ends what the server does, and says so`, async () => {
    await using sync = await scratchSync();
    const { schema: s, postgres } = sync;
    await slowed(sync, `current_query() ilike ''${query}%''`);
    const text = JSON.stringify(input).replaceAll('slow(', `${s}.slow(`);
    const stopping = new AbortController();
    const startedMs = performance.now();
    const working = `select 1 from pg_stat_activity where pid <> pg_backend_pid() and state = 'active' and query like '${query}%' and query like '%${s}%target_new%'`;

    const running = sync.run(JSON.parse(text), { signal: stopping.signal });
    const stopped = assert.rejects(running, { code: 'CANCELLED' });
    while ((await postgres.query(working)).length === 0 && performance.now() - startedMs < 20_000) await sleep(10);
    assert.equal((await postgres.query(working)).length, 1);
    stopping.abort();

    await stopped;
    assert.ok(performance.now() - startedMs < 25_000);
    assert.deepEqual(await postgres.query(working), []);
    assert.deepEqual(await postgres.query('select tablename from pg_tables where schemaname = $1', [s]), [{ tablename: 'target' }]);
  });
}
