import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openObjects } from '../../framework/connections/open-objects.ts';
import { runPrefix } from '../../framework/sync/export-manifest.ts';
import { scratchBucket, scratchFolder } from '../support/objects.ts';
import { scratchSync } from '../support/sync.ts';

const select = `select number as id, toString(number) as name, [number] as list from numbers(1000)`;

test('ClickHouse writes to S3 itself, and PostgreSQL gets the same rows', async () => {
  await using sync = await scratchSync({ store: scratchBucket });
  await sync.fill(select);

  const outcome = await sync.run();

  assert.equal(outcome.rows, 1000);
  assert.deepEqual(await sync.rows('select count(distinct name)::int, sum(id)::int'), [{ count: 1000, sum: 499500 }]);
  const keys = await sync.objects.list('');
  assert.deepEqual(
    keys.map((key) => key.split('/').at(-1)),
    ['manifest.json', 'part-0.tsv.zst'],
  );
});

test('a server that does not reach the folder exports through the client', async () => {
  await using sync = await scratchSync({ over: 'http' });
  await sync.fill(select);

  const outcome = await sync.run();

  assert.equal(outcome.rows, 1000);
  assert.deepEqual(await sync.rows('select count(distinct name)::int'), [{ count: 1000 }]);
});

test('the manifest says what the export holds', async () => {
  await using sync = await scratchSync();
  await sync.fill(select);

  await sync.run({ format: 'jsonl' }, { runId: 'run 1' });

  const [key = ''] = (await sync.objects.list('')).filter((name) => name.endsWith('manifest.json'));
  const manifest = JSON.parse((await (await sync.objects.get(key)).toArray()).join('')) as Record<string, unknown>;
  assert.equal(manifest.rows, 1000);
  assert.equal(manifest.format, 'jsonl');
  assert.deepEqual(manifest.columns, [
    { name: 'id', type: 'numeric(20)', clickHouseType: 'UInt64' },
    { name: 'name', type: 'text', clickHouseType: 'String' },
    { name: 'list', type: 'numeric(20)[]', clickHouseType: 'Array(UInt64)' },
  ]);
});

test('a part that changed after its manifest was written is never published', async () => {
  await using folder = await scratchFolder();
  await using sync = await scratchSync({ store: async () => folder });
  await sync.fill(select);
  await sync.run();
  await sync.fill('select number as id, toString(number) as name, [number] as list from numbers(2000)');
  const dir = folder.config.type === 'filesystem' ? folder.config.path : '';

  const running = sync.run(
    {},
    {
      runId: 'tampered',
      onProgress: ({ phase, rows }) => {
        if (phase === 'load' && rows === 0) writeFileSync(join(dir, `${runPrefix(sync.file().name, 'tampered')}/part-0.tsv.zst`), 'x');
      },
    },
  );

  await assert.rejects(running, { code: 'SYNC_EXPORT_CORRUPT' });
  assert.deepEqual(await sync.rows('select count(*)::int'), [{ count: 1000 }]);
});

test('what ClickHouse says of a store that refuses the export is told as an error of the store', async () => {
  await using bucket = await scratchBucket();
  if (bucket.config.type !== 's3') return;
  const objects = await openObjects({ ...bucket.config, bucket: 'nowhere' }, { projectDir: '/' });
  await using sync = await scratchSync({ store: async () => ({ ...bucket, objects }) });
  await sync.fill(select);

  await assert.rejects(sync.run(), { code: 'OBJECTS_UNREACHABLE', message: /ClickHouse cannot write .*bucket nowhere/ });
});

test('what a killed process left half in a folder is no object, and goes when the folder is opened again', async () => {
  await using folder = await scratchFolder();
  const dir = folder.config.type === 'filesystem' ? folder.config.path : '';
  const { pid: dead } = spawnSync('true');
  mkdirSync(join(dir, '.unfinished'));
  writeFileSync(join(dir, '.unfinished', `${dead}-00ff`), 'half');
  await folder.objects.put('a/b', 'whole');

  const reopened = await openObjects(folder.config, { projectDir: '/' });

  assert.deepEqual(await reopened.list(''), ['a/b']);
  assert.deepEqual(readdirSync(join(dir, '.unfinished')), []);
  await reopened.remove(['a/b']);
  assert.equal(existsSync(join(dir, 'a')), false);
});

test('listing a folder misses no object while others are removed beside it', async () => {
  await using folder = await scratchFolder();
  const { objects } = folder;
  await objects.put('kept/run/part', 'x');
  let churning = true;
  const churn = async (): Promise<void> => {
    for (let round = 0; round < 200; round++) {
      await objects.put(`gone/${round}/part`, 'x');
      await objects.remove([`gone/${round}/part`]);
    }
    churning = false;
  };
  const lookOn = async (): Promise<string[][]> => {
    const seen: string[][] = [];
    while (churning) seen.push(await objects.list(''));
    return seen;
  };

  const [lists] = await Promise.all([lookOn(), churn()]);

  assert.ok(lists.length > 10);
  assert.ok(lists.every((keys) => keys.includes('kept/run/part')));
});
