import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { assetLab } from '../../support/assets.ts';
import { scratchBucket, scratchFolder } from '../../support/objects.ts';
import { type ImageType, image, imageBytes } from '../../support/upstream.ts';

const { signal } = new AbortController();

for (const [name, scratch] of [
  ['folder', scratchFolder],
  ['bucket', scratchBucket],
] as const) {
  test(`${name}: an image is kept under its entity, and its address is the public one`, async () => {
    await using lab = await assetLab({ scratch });
    lab.upstream.on('/17841', image(100_000));

    const stored = await lab.uploads.upload(lab.asset('/17841'), signal);

    const key = 'assets/profiles/instagram/17841.jpg';
    assert.deepEqual(stored, { key, url: `https://cdn.example.com/${key}`, outcome: 'written', bytes: 100_000 });
    const kept = Buffer.concat(await (await lab.objects.get(key)).toArray());
    assert.ok(kept.equals(imageBytes(100_000)));
  });

  test(`${name}: an unchanged image is not written again, a changed one replaces it`, async () => {
    await using lab = await assetLab({ scratch });
    lab.upstream.on('/a', image(50_000), image(50_000), image(50_000, { seed: 1 }), image(50_000));

    const outcomes: string[] = [];
    for (let time = 0; time < 4; time++) outcomes.push((await lab.uploads.upload(lab.asset('/a'), signal)).outcome);

    assert.deepEqual(outcomes, ['written', 'unchanged', 'written', 'written']);
    assert.equal(await lab.objects.sha256('assets/profiles/instagram/a.jpg'), hash('sha256', imageBytes(50_000)));
  });

  test(`${name}: a large image goes through a file and in parts, and is not written again either`, async () => {
    await using lab = await assetLab({ scratch });
    const bytes = 13 * 2 ** 20 + 1;
    lab.upstream.on('/large', image(bytes, { type: 'png' }));

    const first = await lab.uploads.upload(lab.asset('/large'), signal);
    const second = await lab.uploads.upload(lab.asset('/large'), signal);

    assert.deepEqual([first.outcome, second.outcome, first.bytes], ['written', 'unchanged', bytes]);
    const digest = hash('sha256', Buffer.concat(await (await lab.objects.get(first.key)).toArray()));
    assert.equal(digest, hash('sha256', imageBytes(bytes, { type: 'png' })));
  });

  test(`${name}: a hundred images at once are all kept, each as it is`, async () => {
    await using lab = await assetLab({ scratch });
    const seeds = Array.from({ length: 100 }, (_, seed) => seed);
    for (const seed of seeds) lab.upstream.on(`/${seed}`, image(20_000, { seed }));

    const stored = await Promise.all(seeds.map((seed) => lab.uploads.upload(lab.asset(`/${seed}`), signal)));

    const digests = await Promise.all(stored.map(({ key }) => lab.objects.sha256(key)));
    assert.deepEqual(
      digests,
      seeds.map((seed) => hash('sha256', imageBytes(20_000, { seed }))),
    );
    assert.equal((await lab.objects.list('')).length, 100);
  });
}

test('an image is known by its first bytes, whatever the provider calls it', async () => {
  await using lab = await assetLab();
  const types: readonly ImageType[] = ['jpeg', 'png', 'gif', 'webp'];
  for (const type of types) lab.upstream.on(`/${type}`, image(5000, { type, contentType: 'application/octet-stream' }));

  const stored = await Promise.all(types.map((type) => lab.uploads.upload(lab.asset(`/${type}`), signal)));

  assert.deepEqual(
    stored.map(({ outcome }) => outcome),
    types.map(() => 'written'),
  );
});

test('a tiny image is one all the same', async () => {
  await using lab = await assetLab();
  lab.upstream.on('/tiny', image(100));

  assert.equal((await lab.uploads.upload(lab.asset('/tiny'), signal)).bytes, 100);
});

test('where assets have no public address, the key is the address', async () => {
  await using lab = await assetLab({ publicUrl: null });
  lab.upstream.on('/a', image(100));

  assert.equal((await lab.uploads.upload(lab.asset('/a'), signal)).url, 'assets/profiles/instagram/a.jpg');
});
