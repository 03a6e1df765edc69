import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { openObjects } from '../../framework/connections/open-objects.ts';
import { until } from '../support/until.ts';
import { type Answer, hang, openUpstream, status } from '../support/upstream.ts';

const s3 = {
  type: 's3',
  bucket: 'scratch',
  prefix: '',
  region: 'us-east-1',
  access_key_id: 'S3RVER',
  secret_access_key: 'S3RVER',
} as const;

test('bytes go at once, with length, type, and a signed SHA-256 that the server can hold them against', async () => {
  await using server = await openUpstream();
  await using objects = await openObjects({ ...s3, endpoint: server.url }, { projectDir: '/' });
  const body = Buffer.alloc(100_000, 'x');
  const sha256 = hash('sha256', body);

  await objects.put('a.jpg', body, undefined, { contentType: 'image/webp', sha256 });

  const [put] = server.arrivals;
  assert.equal(server.arrivals.length, 1);
  assert.equal(put?.path, '/scratch/a.jpg');
  assert.equal(put?.headers['content-length'], '100000');
  assert.equal(put?.headers['content-type'], 'image/webp');
  assert.equal(put?.headers['x-amz-meta-sha256'], sha256);
  assert.equal(put?.headers['x-amz-content-sha256'], sha256);
  assert.match(put?.headers.authorization ?? '', /SignedHeaders=[^,]*x-amz-content-sha256/);
});

test('more than a hundred puts are under way at once', async () => {
  await using server = await openUpstream({ otherwise: hang });
  await using objects = await openObjects({ ...s3, endpoint: server.url }, { projectDir: '/' });
  const stopping = new AbortController();

  const puts = Array.from({ length: 120 }, (_, index) => objects.put(`key${index}`, 'body', stopping.signal));
  const ended = Promise.allSettled(puts);
  await until(() => server.arrivals.length === 120);
  stopping.abort(new Error('enough'));

  assert.deepEqual(new Set((await ended).map((end) => (end.status === 'rejected' ? end.reason.message : end.status))), new Set(['enough']));
});

test('of an object that is not there, who may not list is told 403: that is no reason not to write it', async () => {
  await using server = await openUpstream();
  server.on('HEAD /scratch/a.jpg', status(403));
  await using objects = await openObjects({ ...s3, endpoint: server.url }, { projectDir: '/' });

  assert.equal(await objects.sha256('a.jpg'), null);
});

test('a server that fails now and then is asked again, one that keeps failing is named', async () => {
  await using server = await openUpstream();
  await using objects = await openObjects({ ...s3, endpoint: server.url }, { projectDir: '/' });
  server.answer(status(500), status(503));

  await objects.put('key', 'body');
  server.answer(...Array.from({ length: 10 }, () => status(500)));

  await assert.rejects(objects.put('key', 'body'), { code: 'OBJECTS_UNREACHABLE' });
  assert.equal(server.arrivals.length, 6);
});

const xml = (body: string): Answer => status(200, { 'content-type': 'application/xml' }, body);

test('a large body that fails, or is aborted, leaves neither an object nor parts of one', async () => {
  const ends = {
    fails: (body: PassThrough) => void body.destroy(new Error('it ended early')),
    aborted: (_body: PassThrough, stopping: AbortController) => stopping.abort(new Error('it ended early')),
  };
  for (const end of Object.values(ends)) {
    await using server = await openUpstream();
    server.on('POST /scratch/large', xml('<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>'));
    server.on('PUT /scratch/large', status(200, { etag: '"part"' }));
    server.on('DELETE /scratch/large', status(204));
    await using objects = await openObjects({ ...s3, endpoint: server.url }, { projectDir: '/' });
    const stopping = new AbortController();
    const body = new PassThrough();

    const put = objects.put('large', body, stopping.signal);
    const failed = assert.rejects(put, /it ended early/);
    body.write(Buffer.alloc(12 << 20));
    await until(() => server.arrivals.some(({ method }) => method === 'PUT'));
    end(body, stopping);
    await failed;

    const asked = server.arrivals.map(({ method, url }) => `${method} ${url.replace(/^.*[?]/, '')}`);
    assert.ok(!asked.includes('POST uploadId=u1'), 'it was completed');
    assert.match(asked.at(-1) ?? '', /^DELETE uploadId=u1/);
  }
});
