import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import type { HttpFault } from '../../../framework/scrape/calls/http-client.ts';
import { openHttpClient } from '../../../framework/scrape/calls/undici-client.ts';
import {
  breakOff,
  compressed,
  drip,
  endless,
  gzipBomb,
  hang,
  json,
  openUpstream,
  redirect,
  reset,
  status,
  truncated,
} from '../../support/upstream.ts';
import { generous, request } from './request.ts';

const { signal } = new AbortController();
const short = { ...generous, totalMs: 300 };

test('an answer comes with its status, headers and body, whatever the status', async () => {
  await using upstream = await openUpstream();
  await using client = openHttpClient();
  upstream.answer(json({ ok: true }, 200, { 'X-Quota': '7' }), status(500, {}, 'no'));

  const good = await client.send(request(`${upstream.url}/a?b=c`, { headers: { 'x-key': 'k' } }), signal);
  const bad = await client.send(request(upstream.url, { method: 'POST', body: 'text' }), signal);

  assert.deepEqual([good.status, good.headers['x-quota'], good.body.toString()], [200, '7', '{"ok":true}']);
  assert.deepEqual([bad.status, bad.body.toString()], [500, 'no']);
  assert.deepEqual(
    upstream.arrivals.map(({ method, url, body, headers }) => [method, url, body, headers['x-key']]),
    [
      ['GET', '/a?b=c', '', 'k'],
      ['POST', '/', 'text', undefined],
    ],
  );
});

test('bodies are decompressed, those of errors too', async () => {
  await using upstream = await openUpstream();
  await using client = openHttpClient();
  const text = 'x'.repeat(100_000);
  upstream.answer(
    compressed('gzip', text),
    compressed('br', text),
    status(200, { 'content-encoding': 'deflate' }, deflateSync(text)),
    status(200, { 'content-encoding': 'zstd' }, zstdCompressSync(text)),
    status(418, { 'content-encoding': 'zstd' }, zstdCompressSync(text)),
    status(204, { 'content-encoding': 'gzip' }),
  );

  for (const expected of [text, text, text, text, text, '']) {
    const { body, headers } = await client.send(request(upstream.url), signal);
    assert.equal(body.toString(), expected);
    if (expected !== '') assert.equal(headers['content-encoding'], undefined);
  }
});

test('a body that is longer than it may be is broken off, however it is packed', async () => {
  await using upstream = await openUpstream();
  await using client = openHttpClient();
  const before = process.memoryUsage().rss;
  upstream.answer(endless(), gzipBomb(2_000_000_000), status(200, {}, Buffer.alloc(1_000_001)));

  for (const _answer of [1, 2, 3]) {
    await assert.rejects(client.send(request(upstream.url), signal), { name: 'HttpFault', kind: 'too_large' });
  }
  assert.ok(process.memoryUsage().rss - before < 300_000_000);
});

test('a body in several encodings, or in one that was not asked for, is broken', async () => {
  await using upstream = await openUpstream();
  await using client = openHttpClient();
  upstream.answer(status(200, { 'content-encoding': 'gzip, gzip' }, 'x'), status(200, { 'content-encoding': 'constructor' }, 'x'));

  await assert.rejects(client.send(request(upstream.url), signal), { kind: 'broken' });
  await assert.rejects(client.send(request(upstream.url), signal), { kind: 'broken' });
});

const halves = Buffer.from('{"a":1}'.repeat(1000));
const broken = {
  'is reset': breakOff,
  'ends too early': truncated(halves),
  'is no gzip': status(200, { 'content-encoding': 'gzip' }, 'plain text'),
  'is half a gzip': truncated(halves, { 'content-encoding': 'gzip' }),
};
for (const [what, answer] of Object.entries(broken)) {
  test(`an answer whose body ${what} is broken`, async () => {
    await using upstream = await openUpstream();
    await using client = openHttpClient();
    upstream.answer(answer);

    await assert.rejects(client.send(request(upstream.url), signal), { name: 'HttpFault', kind: 'broken' });
    assert.equal(upstream.arrivals.length, 1);
  });
}

test('each timeout ends a request', async () => {
  await using upstream = await openUpstream({ otherwise: hang });
  await using client = openHttpClient();
  const stalls = drip(Buffer.alloc(10), { bytes: 1, everyMs: 60_000 });

  await assert.rejects(client.send(request(upstream.url, { timeouts: short }), signal), {
    kind: 'timeout',
    message: /not answered whole after 300 ms/,
  });
  await assert.rejects(client.send(request(upstream.url, { timeouts: { ...generous, headersMs: 300 } }), signal), {
    kind: 'timeout',
    message: /did not begin to answer within 300 ms/,
  });
  upstream.answer(stalls);
  await assert.rejects(client.send(request(upstream.url, { timeouts: { ...generous, bodyMs: 300 } }), signal), {
    kind: 'timeout',
    message: /fell silent for 300 ms/,
  });
  // An address that takes no connections: of a range for documentation.
  await assert.rejects(client.send(request('http://192.0.2.1/', { timeouts: { ...generous, connectMs: 200, totalMs: 5000 } }), signal), {
    name: 'HttpFault',
  });
});

test('a slow body ends by the total time, however steadily it comes', async () => {
  await using upstream = await openUpstream();
  await using client = openHttpClient();
  upstream.answer(drip(Buffer.alloc(100_000), { bytes: 1, everyMs: 20 }));

  await assert.rejects(client.send(request(upstream.url, { timeouts: short }), signal), { kind: 'timeout', message: /not answered whole/ });
});

test('a caller who breaks off gets its own reason', async () => {
  await using upstream = await openUpstream({ otherwise: hang });
  await using client = openHttpClient();
  const controller = new AbortController();
  const reason = new Error('the lease is lost');

  const sent = client.send(request(upstream.url), controller.signal);
  setImmediate(() => controller.abort(reason));

  await assert.rejects(sent, reason);
  await assert.rejects(client.send(request(upstream.url), controller.signal), reason);
});

test('redirects are followed, five of them', async () => {
  await using upstream = await openUpstream();
  await using client = openHttpClient();
  const hops = (count: number) => Array.from({ length: count }, (_hop, index) => redirect(`/hop${index}`));
  upstream.answer(...hops(5), status(200, {}, 'there'));

  const answer = await client.send(request(upstream.url), signal);
  upstream.answer(...hops(6));

  assert.deepEqual([answer.body.toString(), answer.url.pathname], ['there', '/hop4']);
  await assert.rejects(client.send(request(upstream.url), signal), { kind: 'broken', message: /more than five/ });
});

test('headers that may hold a secret are not sent on to another origin', async () => {
  await using first = await openUpstream();
  await using second = await openUpstream();
  await using client = openHttpClient();
  first.answer(redirect('/same'), redirect(`${second.url}/other`, 307));
  const headers = { authorization: 'Bearer s3cret', 'x-rapidapi-key': 's3cret', Cookie: 's3cret', accept: 'application/json' };

  await client.send(request(first.url, { headers }), signal);

  assert.equal(first.arrivals[1]?.headers['x-rapidapi-key'], 's3cret');
  assert.equal(second.arrivals[0]?.headers.accept, 'application/json');
  assert.ok(!inspect(second.arrivals, { depth: 5 }).includes('s3cret'));
});

test('a lost connection is tried again for safe methods alone, and twice at most', async () => {
  await using upstream = await openUpstream({ otherwise: status(200, {}, 'ok') });
  await using client = openHttpClient();
  upstream.answer(reset, reset);
  const answer = await client.send(request(upstream.url), signal);

  upstream.answer(reset, reset, reset, reset);
  await assert.rejects(client.send(request(upstream.url), signal), { kind: 'broken' });
  await assert.rejects(client.send(request(upstream.url, { method: 'POST', body: '{}' }), signal), { kind: 'broken' });

  assert.equal(answer.body.toString(), 'ok');
  assert.equal(upstream.arrivals.length, 3 + 3 + 1);
});

test('a request that is counted is not repeated once it may have been sent', async () => {
  await using upstream = await openUpstream();
  await using client = openHttpClient();
  upstream.answer(reset);

  await assert.rejects(client.send(request(upstream.url, { repeat: 'unsent' }), signal), { kind: 'broken' });
  assert.equal(upstream.arrivals.length, 1);
});

test('a port where nobody listens is unreachable', async () => {
  const { url } = await closedUpstream();
  await using client = openHttpClient();

  await assert.rejects(client.send(request(url, { method: 'POST' }), signal), { kind: 'unreachable', message: /refuses connections/ });
});

test('a host gets no more connections than it may', async () => {
  let open = 0;
  let most = 0;
  const server = createServer((_request, response) => setTimeout(() => response.end('ok'), 20));
  server.on('connection', (socket) => {
    most = Math.max(most, ++open);
    socket.on('close', () => open--);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  {
    await using client = openHttpClient({ connectionsPerHost: 3 });
    await Promise.all(Array.from({ length: 20 }, () => client.send(request(`http://127.0.0.1:${address.port}/`), signal)));
  }
  server.close();

  assert.equal(most, 3);
});

test('a proxy gets the whole address and its own password, which the server does not see', async () => {
  await using proxy = await openUpstream({ otherwise: status(200, {}, 'by proxy') });
  await using client = openHttpClient();
  const { port } = new URL(proxy.url);

  const answer = await client.send(request('http://example.com/path?q=1', { proxy: `http://user:pass@127.0.0.1:${port}` }), signal);

  assert.equal(answer.body.toString(), 'by proxy');
  assert.equal(proxy.arrivals[0]?.url, 'http://example.com/path?q=1');
  assert.equal(proxy.arrivals[0]?.headers['proxy-authorization'], `Basic ${Buffer.from('user:pass').toString('base64')}`);
});

test('a proxy that does not let through is a fault, and gets its password alone', async () => {
  const asked: (string | undefined)[] = [];
  const proxy = createServer().on('connect', ({ url, headers }, socket) => {
    asked.push(url, headers['proxy-authorization'], headers.authorization);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  assert.ok(address !== null && typeof address === 'object');
  await using client = openHttpClient();

  const headers = { authorization: 'Bearer s3cret' };
  const sent = client.send(request('https://example.com/', { proxy: `http://u:p@127.0.0.1:${address.port}`, headers }), signal);

  await assert.rejects(sent, { name: 'HttpFault', kind: 'unreachable', message: /proxy/ });
  assert.deepEqual(asked, ['example.com:443', `Basic ${Buffer.from('u:p').toString('base64')}`, undefined]);
  proxy.close();
});

test('a proxy that is no address is a fault that does not show it', async () => {
  await using client = openHttpClient();

  const sent = client.send(request('http://example.com/', { proxy: 'user:s3cret@@' }), signal);

  await assert.rejects(sent, (fault: HttpFault) => fault.kind === 'unreachable' && !fault.message.includes('s3cret'));
});

test('a streamed body is passed on as it comes, and is broken off when it is disposed', async () => {
  await using upstream = await openUpstream();
  await using client = openHttpClient();
  upstream.answer(endless(), status(200, {}, 'next'));

  {
    await using answer = await client.stream(request(upstream.url, { maxBytes: 1_000_000_000 }), signal);
    for await (const chunk of answer.body) {
      assert.ok(chunk.length > 0);
      break;
    }
  }
  const next = await client.send(request(upstream.url), signal);

  assert.equal(next.body.toString(), 'next');
});

test('no fault shows the query, the headers or the body', async () => {
  await using upstream = await openUpstream();
  const { url: closed } = await closedUpstream();
  await using client = openHttpClient();
  const answers = [breakOff, reset, gzipBomb(50_000_000), status(200, { 'content-encoding': 's3cret' }, 's3cret'), redirect('s3cret://x')];
  const urls = [...answers.map(() => upstream.url), closed, 'http://s3cret@127.0.0.1:1', 'http://no-such-host.invalid'];
  upstream.answer(...answers);

  for (const url of urls) {
    const sent = client.send(
      request(`${url}/?token=s3cret`, { headers: { authorization: 's3cret' }, body: 's3cret', method: 'POST', timeouts: generous }),
      signal,
    );
    await assert.rejects(sent, (fault: HttpFault) => {
      assert.equal(fault.name, 'HttpFault');
      assert.equal(fault.cause, undefined);
      assert.ok(!`${fault.message} ${fault.stack} ${JSON.stringify(fault)}`.includes('s3cret'), fault.message);
      return true;
    });
  }
});

/** An address where somebody listened a moment ago. */
async function closedUpstream(): Promise<{ readonly url: string }> {
  await using upstream = await openUpstream();
  return { url: upstream.url };
}
