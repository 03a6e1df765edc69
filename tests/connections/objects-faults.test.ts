import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { ObjectStore } from '../../framework/connections/objects.ts';
import { openObjects } from '../../framework/connections/open-objects.ts';
import { scratchBucket, scratchFolder } from '../support/objects.ts';

const secret = 'hush-hush-secret';
const s3 = {
  type: 's3',
  bucket: 'scratch',
  prefix: '',
  region: 'us-east-1',
  endpoint: 'http://127.0.0.1:9',
  access_key_id: 'S3RVER',
  secret_access_key: secret,
} as const;

/** Every use of a store fails with this text, and neither it nor anything below it holds the secret. */
async function assertFails(objects: ObjectStore, text: RegExp): Promise<void> {
  const uses = [() => objects.put('key', 'body'), () => objects.get('key'), () => objects.list(''), () => objects.remove(['key'])];
  for (const use of uses) {
    await assert.rejects(use(), (thrown: Error & { readonly code?: string }) => {
      assert.equal(thrown.code, 'OBJECTS_UNREACHABLE');
      assert.match(thrown.message, text);
      assert.ok(!inspect(thrown, { depth: 20 }).includes(secret), 'the secret is in the error');
      return true;
    });
  }
}

test('a bucket that is not there is named', async () => {
  await using bucket = await scratchBucket();
  if (bucket.config.type !== 's3') return;
  await using objects = await openObjects({ ...bucket.config, bucket: 'nowhere' }, { projectDir: '/' });

  await assertFails(objects, /bucket 'nowhere'.*no such bucket/);
});

test('refused access says so', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(403, { 'content-type': 'application/xml' });
    response.end('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await using objects = await openObjects({ ...s3, endpoint: `http://127.0.0.1:${port}` }, { projectDir: '/' });

  await assertFails(objects, /access is denied/);
  server.closeAllConnections();
  server.close();
});

test('a server that does not answer is named by its refusal', async () => {
  await using objects = await openObjects(s3, { projectDir: '/' });

  await assertFails(objects, /ECONNREFUSED/);
});

test('a folder that cannot be made is named', async () => {
  await using folder = await scratchFolder();
  if (folder.config.type !== 'filesystem') return;
  const file = join(folder.config.path, 'file');
  writeFileSync(file, '');
  await using objects = await openObjects({ type: 'filesystem', path: join(file, 'below') }, { projectDir: '/' });

  await assert.rejects(objects.put('key', 'body'), { code: 'OBJECTS_UNREACHABLE', message: /'key'.*ENOTDIR/ });
});
