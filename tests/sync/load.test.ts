import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { wholeLines } from '../../framework/sync/whole-lines.ts';
import { type ScratchSync, scratchSync } from '../support/sync.ts';

/** Enough rows for two COPYs at once. */
const many = 150_000;
const select = (rows: number): string => `select number as id, concat('name of ', toString(number)) as name from numbers(${rows})`;

async function tablesOf({ postgres, schema }: ScratchSync): Promise<string[]> {
  const rows = await postgres.query<{ tablename: string }>('select tablename from pg_tables where schemaname = $1 order by 1', [schema]);
  return rows.map(({ tablename }) => tablename);
}

test('however bytes are cut, readers that share them get whole lines, each once', async () => {
  const pieces = fc.array(fc.array(fc.constantFrom(97, 98, 10), { maxLength: 12 }).map(Buffer.from), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(pieces, fc.integer({ min: 1, max: 3 }), async (chunks, readers) => {
      const lines = wholeLines(Readable.from(chunks));
      const read = await Promise.all(Array.from({ length: readers }, () => Readable.from(lines, { objectMode: false }).toArray()));

      const isOpen = (block: string): number => (block.endsWith('\n') ? 0 : 1);
      const blocks = read
        .flat()
        .map(String)
        .toSorted((a, b) => isOpen(a) - isOpen(b));
      const whole = Buffer.concat(chunks).toString();
      assert.deepEqual(blocks.join('').split('\n').toSorted(), whole.split('\n').toSorted());
      assert.ok(blocks.filter((block) => isOpen(block) === 1).length <= 1);
    }),
  );
});

test('a table loaded by two COPYs has every row once', async () => {
  await using sync = await scratchSync();
  await sync.fill(select(many));

  const { rows } = await sync.run({ primary_key: 'id' });

  assert.equal(rows, many);
  assert.deepEqual(await sync.rows('select count(*)::int, count(distinct name)::int as names'), [{ count: many, names: many }]);
});

test('a row that PostgreSQL refuses in one of two COPYs leaves nothing of either', async () => {
  await using sync = await scratchSync();
  await sync.fill(`select toString(number) as n from numbers(${many}) union all select 'secret'`);

  const running = sync.run({ columns: [{ name: 'n', type: 'integer' }] });

  await assert.rejects(running, (thrown: Error) => /column n/.test(thrown.message) && !/secret/.test(thrown.message));
  assert.deepEqual(await tablesOf(sync), []);
});

test('a connection that is lost in the middle of a load leaves the live table, and nothing beside it', async () => {
  await using sync = await scratchSync();
  await sync.fill(select(10));
  await sync.run();
  await sync.fill(select(2_000_000));
  let killed: Promise<{ ended: number }[]> | undefined;
  const kill = `select count(pg_terminate_backend(pid))::int as ended from pg_stat_activity where query like 'copy "${sync.schema}"%'`;

  const running = sync.run(
    {},
    {
      onProgress: ({ phase, rows }) => {
        if (phase === 'load' && rows > 500_000) killed ??= sync.postgres.query(kill);
      },
    },
  );

  await assert.rejects(running, { code: 'POSTGRES_UNREACHABLE' });
  assert.ok(((await killed)?.[0]?.ended ?? 0) > 0);
  assert.deepEqual(await sync.rows('select count(*)::int'), [{ count: 10 }]);
  assert.deepEqual(await tablesOf(sync), ['target']);
});

test('a stopped load ends at once, says so and leaves nothing', async () => {
  await using sync = await scratchSync();
  await sync.fill(select(2_000_000));
  const stopping = new AbortController();

  const running = sync.run(
    {},
    {
      signal: stopping.signal,
      onProgress: ({ phase, rows }) => {
        if (phase === 'load' && rows > 500_000) stopping.abort();
      },
    },
  );

  await assert.rejects(running, { code: 'CANCELLED' });
  assert.deepEqual(await tablesOf(sync), []);
});

test('the JSON lines of an export are rows that ClickHouse reads again', async () => {
  await using sync = await scratchSync();
  await sync.fill(
    `select number as id, 'it''s "é"\\n' as text, [1, 2] as list, map('k', 1.5) as map, cast(null as Nullable(Date)) as none from numbers(3)`,
  );
  await sync.run({ format: 'jsonl' });
  const [key = ''] = (await sync.objects.list('')).filter((name) => name.endsWith('.jsonl.zst'));
  const { sql, params, settings } = sync.objects.tableFunction(
    key,
    'JSONEachRow',
    'id UInt64, text String, list Array(UInt8), map Map(String, Float64), none Nullable(Date)',
  );

  const read = await sync.warehouse.query(`select * from ${sql} order by id`, { params, settings });

  assert.equal(read.length, 3);
  assert.deepEqual((read[0] as Record<string, unknown>).text, 'it\'s "é"\n');
  assert.deepEqual((read[0] as Record<string, unknown>).map, { k: 1.5 });
});
