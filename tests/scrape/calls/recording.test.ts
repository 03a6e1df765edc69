import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openHttpClient } from '../../../framework/scrape/calls/undici-client.ts';
import { json, openUpstream } from '../../support/upstream.ts';
import { request } from './request.ts';

const { signal } = new AbortController();

test('recorded answers are given again without the network, and hold no secret', async () => {
  await using upstream = await openUpstream();
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-recording-'));
  const ask = (token: string) =>
    request(`${upstream.url}/me?fields=id&access_token=${token}`, { headers: { authorization: `Bearer ${token}` }, secrets: [token] });
  upstream.on('GET /me', json({ id: 1, token: 'tok-record' }, 200, { 'set-cookie': 'session=tok-cookie' }), json({ id: 2 }));
  {
    await using recording = openHttpClient({ record: { dir, mode: 'record' } });
    await recording.send(ask('tok-record'), signal);
    await recording.send(ask('tok-record'), signal);
  }
  const written = readFileSync(join(dir, 'answers.json'), 'utf8');
  const arrived = upstream.arrivals.length;

  await using replaying = openHttpClient({ record: { dir, mode: 'playback' } });
  const first = await replaying.send(ask('another-token'), signal);
  const second = await replaying.send(ask('another-token'), signal);
  const other = replaying.send(request(`${upstream.url}/you`), signal);

  assert.equal(first.body.toString(), '{"id":1,"token":"***"}');
  assert.equal(second.body.toString(), '{"id":2}');
  await assert.rejects(other, { name: 'HttpFault' });
  assert.equal(upstream.arrivals.length, arrived);
  assert.ok(!written.includes('tok-record') && !written.includes('tok-cookie'));
  assert.ok(!written.includes(Buffer.from('"tok-record"').toString('base64').slice(2, 12)));
  rmSync(dir, { recursive: true });
});
