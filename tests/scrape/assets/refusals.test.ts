import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { assetKey, publicAddress } from '../../../framework/scrape/assets/asset-key.ts';
import type { Asset } from '../../../framework/scrape/assets/asset-uploads.ts';
import { TaskFault } from '../../../framework/scrape/task-fault.ts';
import { type AssetLab, assetLab } from '../../support/assets.ts';
import {
  type Answer,
  breakOff,
  endless,
  htmlPage,
  image,
  imageBytes,
  json,
  redirect,
  reset,
  status,
  tooMany,
  truncated,
} from '../../support/upstream.ts';

const { signal } = new AbortController();

async function faultOf(lab: AssetLab, asset: Asset): Promise<TaskFault> {
  const thrown = await lab.uploads.upload(asset, signal).then(
    () => assert.fail('it was stored'),
    (reason: unknown) => reason,
  );
  assert.ok(thrown instanceof TaskFault, `${thrown}`);
  return thrown;
}

const svg = status(200, { 'content-type': 'image/svg+xml' }, '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
const jpegEnd = (response: Parameters<Answer>[0]): void => {
  response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': '900000' });
  response.write(imageBytes(450_000), () => response.socket?.resetAndDestroy());
};

const answers: readonly (readonly [string, Answer, TaskFault['kind'], string])[] = [
  ['404', status(404), 'refused', 'HTTP_STATUS'],
  ['410', status(410), 'refused', 'HTTP_STATUS'],
  ['403, a signature that ran out', htmlPage(403), 'refused', 'HTTP_STATUS'],
  ['204', status(204), 'refused', 'HTTP_STATUS'],
  ['206, a part', status(206, {}, imageBytes(500)), 'refused', 'HTTP_STATUS'],
  ['408', status(408), 'failed', 'HTTP_STATUS'],
  ['500', status(500), 'failed', 'HTTP_STATUS'],
  ['503 with an image', status(503, { 'content-type': 'image/jpeg' }, imageBytes(500)), 'failed', 'HTTP_STATUS'],
  ['a page for people with 200', htmlPage(), 'refused', 'ASSET_TYPE'],
  ['a page that is called an image', htmlPage(200, 'image/jpeg'), 'refused', 'ASSET_TYPE'],
  ['JSON', json({ error: 'expired' }), 'refused', 'ASSET_TYPE'],
  ['an SVG, which may hold scripts', svg, 'refused', 'ASSET_TYPE'],
  ['nothing', status(200, { 'content-type': 'image/jpeg' }), 'refused', 'ASSET_TYPE'],
  ['more than the flow takes, and says so', image(1_000_001), 'refused', 'HTTP_TOO_LARGE'],
  ['an image without end', endless({ 'content-type': 'image/jpeg' }, imageBytes(1000)), 'refused', 'HTTP_TOO_LARGE'],
  ['a page without end', endless({ 'content-type': 'text/html' }, Buffer.from('<html>')), 'refused', 'ASSET_TYPE'],
  ['a reset', reset, 'failed', 'HTTP_BROKEN'],
  ['a start and a reset', breakOff, 'failed', 'HTTP_BROKEN'],
  ['half an image and a reset', jpegEnd, 'failed', 'HTTP_BROKEN'],
  ['half an image and an end in order', truncated(imageBytes(900_000)), 'failed', 'HTTP_BROKEN'],
];

for (const [name, answer, kind, code] of answers) {
  test(`a provider that sends ${name}: ${kind}, and nothing is stored`, async () => {
    await using lab = await assetLab();
    lab.upstream.on('/a', answer);

    const fault = await faultOf(lab, lab.asset('/a?signature=hush', { entityId: 'a', maxBytes: 1_000_000 }));

    assert.deepEqual([fault.kind, fault.code], [kind, code]);
    assert.match(fault.message, /127\.0\.0\.1/);
    assert.doesNotMatch(fault.message, /hush/);
    assert.deepEqual(await lab.objects.list(''), []);
  });
}

test('a provider that says when to come again is heard, in seconds and by date', async () => {
  await using lab = await assetLab();
  lab.upstream.on('/a', tooMany(30), tooMany(new Date(Date.now() + 3_600_000)), tooMany());

  const waits: number[] = [];
  for (let time = 0; time < 3; time++) waits.push((await faultOf(lab, lab.asset('/a'))).waitMs);

  const [first, second, third] = waits;
  assert.equal(first, 30_000);
  assert.ok(second !== undefined && second > 3_000_000 && second <= 3_600_000, `${second}`);
  assert.equal(third, 0);
});

test('addresses inside are not fetched, however they are written and wherever they hide', async () => {
  await using lab = await assetLab({ isPrivateAllowed: false });
  const { port } = new URL(lab.upstream.url);
  const hosts = ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '2130706433', '0x7f.1', '10.0.0.1', '169.254.169.254'];

  for (const host of hosts) {
    const fault = await faultOf(lab, lab.asset('/a', { url: `http://${host}:${port}/a` }));
    assert.deepEqual([fault.kind, fault.code], ['refused', 'HTTP_REFUSED_ADDRESS'], host);
  }

  assert.equal(lab.upstream.arrivals.length, 0);
});

test('what is no address of the web is refused before anything is asked', async () => {
  await using lab = await assetLab();

  for (const url of ['', 'profile.jpg', 'http://', 'ftp://127.0.0.1/a.jpg', 'file:///etc/passwd', 'data:image/png;base64,iVBORw0KGgo=']) {
    const fault = await faultOf(lab, lab.asset('/a', { url }));
    assert.deepEqual([fault.kind, fault.code], ['refused', 'ASSET_URL'], url);
  }
});

test('only the hosts that a flow names are asked, and those below them, redirects included', async () => {
  await using lab = await assetLab();
  const elsewhere = lab.upstream.url.replace('127.0.0.1', 'localhost');
  lab.upstream.on('/a', image(100));
  lab.upstream.on('/away', redirect(`${elsewhere}/a`));
  lab.upstream.on('/near', redirect('/a'));
  const hosts = ['127.0.0.1'];

  const other = await faultOf(lab, lab.asset('/a', { url: `${elsewhere}/a`, hosts }));
  const alike = await faultOf(lab, lab.asset('/a', { url: 'http://evil127.0.0.1.nip.example/a', hosts }));
  const away = await faultOf(lab, lab.asset('/away', { hosts }));
  const near = await lab.uploads.upload(lab.asset('/near', { hosts }), signal);

  assert.deepEqual(
    [other, alike, away].map(({ kind, code }) => `${kind} ${code}`),
    Array.from({ length: 3 }, () => 'refused ASSET_HOST'),
  );
  assert.equal(near.outcome, 'written');
  assert.equal((await lab.objects.list('')).length, 1);
});

test('redirects without end fail', async () => {
  await using lab = await assetLab();
  lab.upstream.on('/a', redirect('/a'));

  assert.deepEqual([(await faultOf(lab, lab.asset('/a'))).kind], ['failed']);
});

test('no entity leads out of its folder', async () => {
  await using lab = await assetLab();
  lab.upstream.on('/a', image(100));
  const given: readonly Partial<Asset>[] = [
    ...['../../x', '..', '.', '', 'a/b', 'a\\b', 'a\0b', 'a b', '%2e%2e', 'a?b', 'a#b', 'x'.repeat(300), 'ü'.repeat(120)].map(
      (entityId) => ({ entityId }),
    ),
    { platform: '..' },
    { platform: '' },
    { entityType: '../profile' },
  ];

  for (const part of given) {
    const fault = await faultOf(lab, lab.asset('/a', part));
    assert.deepEqual([fault.kind, fault.code], ['refused', 'ASSET_KEY'], JSON.stringify(part));
  }
  const named = await lab.uploads.upload(lab.asset('/a', { entityId: 'UC-lHJZR3Gqxm24_Vd_AJ5Yw' }), signal);

  assert.equal(named.key, 'assets/profiles/instagram/UC-lHJZR3Gqxm24_Vd_AJ5Yw.jpg');
  assert.equal(lab.upstream.arrivals.length, 1);
});

test('whatever the data says, a key is one file in the folder of its kind and platform, and its address leads there', () => {
  const part = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[./\\%a-z]{1,8}$/), fc.stringMatching(/^[\w.-]{1,20}$/));
  fc.assert(
    fc.property(part, part, part, (entityType, platform, entityId) => {
      const key = keyOrNull({ url: '', entityType, platform, entityId, maxBytes: 1, hosts: [] });
      if (key === null) return;
      assert.equal(posix.normalize(key), key);
      assert.deepEqual(key.split('/').slice(0, -1), ['assets', `${entityType}s`, platform.toLowerCase()]);
      const { pathname, search, hash } = new URL(publicAddress(key, 'https://cdn.example.com/x/'));
      assert.deepEqual([decodeURIComponent(pathname), search, hash], [`/x/${key}`, '', '']);
    }),
    { numRuns: 2000 },
  );
});

function keyOrNull(asset: Asset): string | null {
  try {
    return assetKey(asset);
  } catch (thrown) {
    assert.ok(thrown instanceof TaskFault);
    return null;
  }
}
