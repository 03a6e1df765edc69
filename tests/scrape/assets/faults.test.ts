import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openObjects } from '../../../framework/connections/open-objects.ts';
import { TaskFault } from '../../../framework/scrape/task-fault.ts';
import { assetLab } from '../../support/assets.ts';
import { faultProxy } from '../../support/fault-proxy.ts';
import type { ScratchObjects } from '../../support/objects.ts';
import { s3Server } from '../../support/s3-server.ts';
import { until } from '../../support/until.ts';
import { type Answer, drip, hang, image, imageBytes, openUpstream, status } from '../../support/upstream.ts';

const { signal } = new AbortController();
const large = 13 * 2 ** 20;

/** A bucket of a server that tests of this file start. */
async function bucketAt(endpoint: string): Promise<ScratchObjects> {
  const config = {
    type: 's3',
    bucket: 'scratch',
    prefix: '',
    region: 'us-east-1',
    endpoint,
    access_key_id: 'hush-access',
    secret_access_key: 'hush-secret',
  } as const;
  const objects = await openObjects(config, { projectDir: '/' });
  return { objects, config, [Symbol.asyncDispose]: async () => objects[Symbol.asyncDispose]() };
}

function isReturned(thrown: unknown): boolean {
  assert.ok(thrown instanceof TaskFault, `${thrown}`);
  assert.deepEqual([thrown.kind, thrown.code], ['returned', 'OBJECTS_UNREACHABLE']);
  assert.ok(thrown.waitMs > 0);
  assert.doesNotMatch(thrown.message, /hush/);
  return true;
}

const away: readonly (readonly [string, Answer])[] = [
  ['fails', status(500)],
  ['is too busy', status(503, {}, '<Error><Code>SlowDown</Code></Error>')],
  ['refuses access', status(403, {}, '<Error><Code>AccessDenied</Code></Error>')],
  ['has no such bucket', status(404, {}, '<Error><Code>NoSuchBucket</Code></Error>')],
  ['never answers', hang],
];

for (const [name, answer] of away) {
  test(`a store that ${name}: the task is given back, uncharged`, async () => {
    await using store = await openUpstream({ otherwise: answer });
    store.on('HEAD /scratch/{a}/{b}/{c}/{d}', status(404));
    await using lab = await assetLab({ scratch: () => bucketAt(store.url), storeMs: answer === hang ? 500 : 60_000 });
    lab.upstream.on('/a', image(50_000));
    lab.upstream.on('/large', image(large));

    await assert.rejects(lab.uploads.upload(lab.asset('/a'), signal), isReturned);
    await assert.rejects(lab.uploads.upload(lab.asset('/large'), signal), isReturned);
  });
}

test('the type that the first bytes show is what the store is told', async () => {
  await using store = await openUpstream();
  store.on('HEAD /scratch/{a}/{b}/{c}/{d}', status(404));
  await using lab = await assetLab({ scratch: () => bucketAt(store.url) });
  lab.upstream.on('/a', image(50_000, { type: 'webp', contentType: 'text/html' }));

  await lab.uploads.upload(lab.asset('/a'), signal);

  assert.equal(store.arrivals.at(-1)?.headers['content-type'], 'image/webp');
});

test('a store whose connections break in the middle keeps whole objects or none, and all when it is well again', async () => {
  await using server = await s3Server();
  await using proxy = await faultProxy(Number(new URL(server.url).port));
  await using lab = await assetLab({ scratch: () => bucketAt(`http://127.0.0.1:${proxy.port}`) });
  lab.upstream.on('/a', image(700_000));
  lab.upstream.on('/large', image(large));
  proxy.fault(({ direction, bytes }) => (direction === 'request' && bytes > 300_000 ? 'cut' : 'pass'));

  await assert.rejects(lab.uploads.upload(lab.asset('/a'), signal), isReturned);
  await assert.rejects(lab.uploads.upload(lab.asset('/large'), signal), isReturned);
  assert.deepEqual([server.objects.size, server.openUploads.size], [0, 0]);
  proxy.heal();

  assert.equal((await lab.uploads.upload(lab.asset('/a'), signal)).outcome, 'written');
  assert.equal((await lab.uploads.upload(lab.asset('/large'), signal)).outcome, 'written');
  assert.deepEqual(
    [...server.objects.values()].map(({ body }) => body.equals(imageBytes(body.length)) && body.length),
    [700_000, large],
  );
});

test('an upload that is stopped ends with the reason, and leaves nothing in the store or on the disk', async () => {
  const spoolDir = mkdtempSync(join(tmpdir(), 'gccflow-spool-'));
  await using lab = await assetLab({ spoolDir });
  lab.upstream.on('/large', drip(imageBytes(large), { bytes: 1 << 20, everyMs: 20 }));
  const stopping = new AbortController();

  const upload = lab.uploads.upload(lab.asset('/large'), stopping.signal);
  const ended = assert.rejects(upload, /the worker ends/);
  await until(() => lab.upstream.arrivals.length === 1);
  stopping.abort(new Error('the worker ends'));
  await ended;

  assert.deepEqual(await lab.objects.list(''), []);
  assert.deepEqual(readdirSync(spoolDir), []);
  rmSync(spoolDir, { recursive: true });
});

test('where no file can be made for a large asset, its task is given back, and small ones go on', async () => {
  await using lab = await assetLab({ spoolDir: '/nowhere' });
  lab.upstream.on('/large', image(large));
  lab.upstream.on('/a', image(50_000));

  const thrown = await lab.uploads.upload(lab.asset('/large'), signal).catch((reason: unknown) => reason);
  const small = await lab.uploads.upload(lab.asset('/a'), signal);

  assert.ok(thrown instanceof TaskFault);
  assert.deepEqual([thrown.kind, thrown.code], ['returned', 'ASSET_DISK']);
  assert.equal(small.outcome, 'written');
});

test('a disk that is full: the task is given back, and no half of an object is left', async (context) => {
  using disk = smallDisk();
  if (disk === null) return context.skip('a file system can be mounted by root alone');
  const store = join(disk.dir, 'store');
  mkdirSync(store);
  const config = { type: 'filesystem', path: store } as const;
  const onDisk = async (): Promise<ScratchObjects> => {
    const objects = await openObjects(config, { projectDir: '/' });
    return { objects, config, [Symbol.asyncDispose]: async () => {} };
  };
  await using lab = await assetLab({ scratch: onDisk });
  await using spooling = await assetLab({ spoolDir: disk.dir });
  lab.upstream.on('/a', image(5 * 2 ** 20));
  lab.upstream.on('/b', image(100_000));
  spooling.upstream.on('/large', image(large));

  await assert.rejects(lab.uploads.upload(lab.asset('/a'), signal), isReturned);
  const spooled = await spooling.uploads.upload(spooling.asset('/large'), signal).catch((reason: unknown) => reason);
  const fits = await lab.uploads.upload(lab.asset('/b'), signal);

  assert.ok(spooled instanceof TaskFault && spooled.code === 'ASSET_DISK', `${spooled}`);
  assert.equal(fits.outcome, 'written');
  assert.deepEqual(await lab.objects.list(''), ['assets/profiles/instagram/b.jpg']);
});

/** A file system of 2 MB; null where none can be mounted. */
function smallDisk(): ({ readonly dir: string } & Disposable) | null {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', dir], { stdio: 'ignore' });
  } catch {
    rmSync(dir, { recursive: true });
    return null;
  }
  return {
    dir,
    [Symbol.dispose]: () => {
      execFileSync('umount', ['-l', dir]);
      rmSync(dir, { recursive: true });
    },
  };
}
