import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { ObjectStore } from '../../framework/connections/objects.ts';
import { type ScratchSync, scratchSync } from '../support/sync.ts';

type Damage = (stored: Buffer) => Readable;

/** The store, whose parts come back damaged in the first so many reads after an export is complete. */
function damagedIn(reads: number, objects: ObjectStore, damage: Damage): { readonly objects: ObjectStore; readonly reads: () => number } {
  let exported = false;
  let count = 0;
  const damaged: ObjectStore = {
    kind: objects.kind,
    put: async (key, body, signal) => {
      await objects.put(key, body, signal);
      exported ||= key.endsWith('/manifest.json');
    },
    get: async (key, signal) => {
      const body = await objects.get(key, signal);
      if (!exported || ++count > reads) return body;
      return damage(Buffer.concat(await body.toArray()));
    },
    size: (key) => objects.size(key),
    sha256: (key, signal) => objects.sha256(key, signal),
    list: (prefix) => objects.list(prefix),
    remove: (keys) => objects.remove(keys),
    prepare: (key) => objects.prepare(key),
    tableFunction: (key, format, structure) => objects.tableFunction(key, format, structure),
    [Symbol.asyncDispose]: () => objects[Symbol.asyncDispose](),
  };
  return { objects: damaged, reads: () => count };
}

const short: Damage = (stored) => Readable.from([stored.subarray(0, stored.length / 2)]);
const broken: Damage = (stored) =>
  Readable.from(
    (async function* half(): AsyncGenerator<Buffer> {
      yield stored.subarray(0, stored.length / 2);
      throw new Error('socket hang up');
    })(),
  );
const garbled: Damage = (stored) => {
  const bytes = Buffer.from(stored);
  bytes.fill(0x55, stored.length / 2, stored.length / 2 + 64);
  return Readable.from([bytes]);
};
/** A whole stream of other rows. */
const changed: Damage = (stored) => Readable.from([zstdCompressSync(zstdDecompressSync(stored).toString().replaceAll('1', '2'))]);

const rows = 150_000;
const expected = [{ count: rows, ids: rows, names: rows }];
const countSql = 'select count(*)::int, count(distinct id)::int as ids, count(distinct name)::int as names';

async function filled(): Promise<ScratchSync> {
  const sync = await scratchSync();
  await sync.fill(`select toInt32(number) as id, concat('name ', toString(number)) as name from numbers(${rows})`);
  return sync;
}

for (const [what, damage] of Object.entries({ short, broken, garbled, changed })) {
  for (const format of ['copy', 'jsonl'] as const) {
    test(`a part that comes back ${what} twice is read again, and every row of its ${format} is there once`, async () => {
      await using sync = await filled();
      const { objects, reads } = damagedIn(2, sync.objects, damage);

      await sync.run({ format }, { objects });

      assert.equal(reads(), 3);
      assert.deepEqual(await sync.rows(countSql), expected);
    });
  }
}

test('a part that comes back damaged three times fails the sync, and the live table is untouched', async () => {
  await using sync = await filled();
  await sync.run();
  const { objects, reads } = damagedIn(4, sync.objects, short);

  await assert.rejects(sync.run({}, { objects }), { code: 'SYNC_EXPORT_CORRUPT', hint: /live table is untouched/ });

  assert.equal(reads(), 3);
  assert.deepEqual(await sync.rows(countSql), expected);
  const tables = await sync.postgres.query('select tablename from pg_tables where schemaname = $1', [sync.schema]);
  assert.deepEqual(tables, [{ tablename: 'target' }]);
});

test('a garbled value that PostgreSQL refuses before the part ends is damage, too', async () => {
  await using sync = await filled();
  const refusals = `select 1 from pg_stat_activity where query like 'copy "${sync.schema}"%' and state = 'idle in transaction (aborted)'`;
  const refused: Damage = () => {
    const bytes = zstdCompressSync(Buffer.concat([Buffer.from('no number\tname\n'), randomBytes(1_000_000)]));
    return Readable.from(
      (async function* untilRefused(): AsyncGenerator<Buffer> {
        yield bytes.subarray(0, bytes.length / 2);
        const deadline = Date.now() + 20_000;
        while ((await sync.postgres.query(refusals)).length === 0 && Date.now() < deadline) await sleep(10);
        yield bytes.subarray(bytes.length / 2);
      })(),
    );
  };
  const { objects, reads } = damagedIn(1, sync.objects, refused);

  await sync.run({}, { objects });

  assert.equal(reads(), 2);
  assert.deepEqual(await sync.rows(countSql), expected);
});

test('a value that PostgreSQL refuses in a whole part fails at once, as what it is', async () => {
  await using sync = await scratchSync();
  await sync.fill(`select 'no number' as id`);
  const { objects, reads } = damagedIn(0, sync.objects, short);

  await assert.rejects(sync.run({ columns: [{ name: 'id', type: 'integer' }] }, { objects }), { code: 'POSTGRES_QUERY' });

  assert.equal(reads(), 1);
});
