import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assetFlow } from '../support/asset-flow.ts';
import { projectFolder, runCli } from '../support/cli.ts';
import { s3Server } from '../support/s3-server.ts';
import { htmlPage, image, imageBytes, openUpstream, status } from '../support/upstream.ts';

test('a worker of the asset flow keeps every image once, whole, and fails what is none', { timeout: 240_000 }, async () => {
  await using upstream = await openUpstream();
  await using s3 = await s3Server();
  const store = `{ type: s3, bucket: gcc-social-assets, endpoint: '${s3.url}', access_key_id: key, secret_access_key: hush-hush }`;
  using folder = projectFolder({
    'project.yaml': `name: shop
targets:
  dev:
    workers: declared
    assets: { store: ${store}, public_url: 'https://cdn.example.com', allow_private: true }
`,
    'flows/asset_upload_bulk.yaml': assetFlow(2),
  });
  const ids = Array.from({ length: 400 }, (_, index) => index);
  for (const id of ids) upstream.on(`/${id}.jpg`, image(30_000, { seed: id }));
  upstream.on('/7.jpg', htmlPage(200, 'image/jpeg'));
  upstream.on('/8.jpg', status(503), image(30_000, { seed: 8 }));
  const tasks = ids.map((id) => ({
    entity_id: `${id}`,
    entity_type: 'post',
    platform: 'INSTAGRAM',
    asset_url: `${upstream.url}/${id}.jpg?sig=hush`,
  }));
  writeFileSync(join(folder.dir, 'tasks.jsonl'), tasks.map((task) => JSON.stringify(task)).join('\n'));

  const queued = await runCli(['enqueue', 'asset_upload_bulk', '--from-file', 'tasks.jsonl'], { cwd: folder.dir });
  const worked = await runCli(['worker', '--until-empty', '--json'], { cwd: folder.dir });
  const failed = await runCli(['tasks', 'ls', '--status', 'FAILED', '--json'], { cwd: folder.dir });

  assert.equal(queued.exitCode, 0, queued.stderr);
  assert.equal(worked.exitCode, 0, worked.stderr);
  assert.equal(s3.objects.size, 399);
  assert.equal(s3.openUploads.size, 0);
  for (const id of ids.filter((each) => each !== 7)) {
    const object = s3.objects.get(`gcc-social-assets/assets/posts/instagram/${id}.jpg`);
    assert.equal(object && hash('sha256', object.body), hash('sha256', imageBytes(30_000, { seed: id })), `${id}`);
    assert.equal(object?.headers['content-type'], 'image/jpeg');
  }
  const [only, ...others] = JSON.parse(failed.stdout);
  assert.deepEqual(others, []);
  assert.equal(only.params.entity_id, '7');
  assert.match(JSON.stringify(only), /ASSET_TYPE/);
  assert.doesNotMatch(`${worked.stderr}${failed.stdout.replaceAll('?sig=hush', '')}`, /hush/);
});
