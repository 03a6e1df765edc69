import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { WriteFault, type Writer } from '../../framework/sink/writer.ts';
import { openHttpWriter } from '../../framework/sink/writers/http.ts';
import { entryOf, sinkNode } from '../support/sink-node.ts';
import { type Answer, breakOff, hang, openUpstream, reset, status, type Upstream } from '../support/upstream.ts';

const now = new Date('2024-01-02T03:04:05Z');
const signal = new AbortController().signal;
const secret = 's3cr3t-key';

async function openWriter({ url }: Upstream, http: Readonly<Record<string, unknown>> = {}, columns = {}): Promise<Writer> {
  const node = await sinkNode({ name: 'user', to: { http: { url: `${url}/v1/users?key=${secret}`, ...http } }, columns });
  return openHttpWriter(node, { clock: { now: () => now } });
}

const write = (writer: Writer, entries: Parameters<Writer['write']>[0]): Promise<void> => writer.write(entries, { token: 't', signal });

/** What a write throws; never with a secret or with what the API said. */
async function faultOf(work: Promise<unknown>): Promise<WriteFault> {
  try {
    await work;
  } catch (thrown) {
    assert.ok(thrown instanceof WriteFault, String(thrown));
    assert.doesNotMatch(thrown.message, /s3cr3t|said by the API/);
    return thrown;
  }
  assert.fail('nothing was thrown');
}

test('each row is one request with its templates filled, its login and a key of its own', async () => {
  await using api = await openUpstream();
  const writer = await openWriter(api, {
    url: `${api.url}/users/{{id}}?q={{name}}`,
    method: 'PUT',
    headers: { 'X-Source': 'gccflow' },
    auth: { bearer: secret },
    body: {
      user: '{{id}}',
      greeting: 'Hello {{ name }} ({{id}})',
      tags: ['{{tags}}', 1],
      gone: '{{missing}}',
      kept: '{{none}}',
      plain: true,
    },
  });

  await write(writer, [entryOf([{ id: 7, name: 'Zoë & Co/?', tags: ['a', { b: 1 }], none: null }], [], { messageId: 'm-1' })]);

  const [request] = api.arrivals;
  assert.equal(request?.method, 'PUT');
  assert.equal(request?.url, '/users/7?q=Zo%C3%AB%20%26%20Co%2F%3F');
  assert.deepEqual(JSON.parse(request?.body ?? ''), {
    user: 7,
    greeting: 'Hello Zoë & Co/? (7)',
    tags: [['a', { b: 1 }], 1],
    kept: null,
    plain: true,
  });
  const { authorization, 'x-source': source, 'idempotency-key': key, 'content-type': type } = request?.headers ?? {};
  assert.deepEqual([authorization, source, key, type], [`Bearer ${secret}`, 'gccflow', 'm-1', 'application/json']);
});

test('without a template the row itself is sent, and a login may be a password or a header', async () => {
  await using api = await openUpstream();
  const basic = await openWriter(api, { auth: { username: 'user', password: 'pä:ss' } });
  const header = await openWriter(api, { auth: { header: 'X-Api-Key', value: secret }, idempotency_header: null });

  await write(basic, [entryOf([{ id: 1, deep: { a: [1] } }])]);
  await write(header, [entryOf([{ id: 2 }])]);

  const [first, second] = api.arrivals;
  assert.deepEqual(JSON.parse(first?.body ?? ''), { id: 1, deep: { a: [1] } });
  assert.equal(first?.headers.authorization, `Basic ${Buffer.from('user:pä:ss').toString('base64')}`);
  assert.equal(second?.headers['x-api-key'], secret);
  assert.equal(second?.headers['idempotency-key'], undefined);
});

test('the key of a delivery is the same in every repeat, and of each of its rows its own', async () => {
  await using api = await openUpstream();
  const writer = await openWriter(api);
  const unnamed = entryOf([{ id: 1 }]);
  const unfit = entryOf([{ id: 1 }], [], { messageId: 'ключ\r\n' });
  const several = entryOf([{ id: 1 }, { id: 2 }], [], { messageId: 'm' });

  for (const entry of [unnamed, unfit, several]) await write(writer, [entry]);
  await write(await openWriter(api), [unnamed]);

  const keys = api.arrivals.map(({ headers }) => headers['idempotency-key']);
  const digest = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
  assert.deepEqual(keys, [digest(unnamed.delivery.body), digest('ключ\r\n'), 'm-0', 'm-1', keys[0]]);
});

const answers: readonly (readonly [string, Answer, string, string, number | null])[] = [
  ['429 with seconds', status(429, { 'retry-after': '7' }), 'outage', 'HTTP 429', 7000],
  ['429 with a date', status(429, { 'retry-after': 'Tue, 02 Jan 2024 03:04:15 GMT' }), 'outage', 'HTTP 429', 10_000],
  ['503 with a date gone by', status(503, { 'retry-after': 'Tue, 02 Jan 2024 03:04:00 GMT' }), 'outage', 'HTTP 503', 0],
  ['503 that asks for a year', status(503, { 'retry-after': '31536000' }), 'outage', 'HTTP 503', 3_600_000],
  ['429 with nonsense', status(429, { 'retry-after': 'soon' }), 'outage', 'HTTP 429', null],
  ['408', status(408), 'outage', 'HTTP 408', null],
  ['425', status(425), 'outage', 'HTTP 425', null],
  ['500 with a text', status(500, {}, 'said by the API'), 'outage', 'HTTP 500', null],
  ['502', status(502), 'outage', 'HTTP 502', null],
  ['a reset', reset, 'outage', 'ECONNRESET', null],
  ['a hang', hang, 'outage', 'TIMEOUT', null],
  ['200 that breaks off', breakOff, 'outage', 'ECONNRESET', null],
  ['401', status(401, {}, 'said by the API'), 'setup', 'HTTP 401', null],
  ['403', status(403), 'setup', 'HTTP 403', null],
  ['404', status(404), 'setup', 'HTTP 404', null],
  ['400', status(400, {}, 'said by the API'), 'data', 'HTTP 400', null],
  ['409', status(409), 'data', 'HTTP 409', null],
  ['422', status(422), 'data', 'HTTP 422', null],
  ['a redirect elsewhere', status(307, { location: 'http://localhost:1/' }), 'setup', 'HTTP 307', null],
  ['a redirect that would drop the body', status(302, { location: '/other' }), 'setup', 'HTTP 302', null],
];

for (const [name, answer, kind, code, retryAfterMs] of answers) {
  test(`${name} is ${kind === 'data' ? "the delivery's fault" : kind === 'setup' ? 'for somebody to set right' : 'nobody’s fault'}`, async () => {
    await using api = await openUpstream();
    const writer = await openWriter(api, { timeout: '400ms', auth: { bearer: secret } });
    const [good, bad] = [entryOf([{ id: 1 }]), entryOf([{ id: 2 }])];
    api.answer(status(200), answer);

    const fault = await faultOf(write(writer, [good, bad]));
    await write(writer, [good, bad]);

    assert.deepEqual([fault.kind, fault.retryAfterMs, fault.culprit], [kind, retryAfterMs, kind === 'data' ? 1 : null]);
    if (code === 'ECONNRESET') assert.match(fault.code, /^(ECONNRESET|UND_ERR_SOCKET)$/);
    else assert.equal(fault.code, code);
    const sent = api.arrivals.map(({ body }) => (JSON.parse(body) as { id: number }).id);
    assert.deepEqual(sent, [1, 2, 2], 'what was accepted is not sent again');
  });
}

test('a server that is not there is nobody’s fault', async () => {
  const api = await openUpstream();
  await api[Symbol.asyncDispose]();

  const fault = await faultOf(write(await openWriter(api), [entryOf([{ id: 1 }])]));

  assert.deepEqual([fault.kind, fault.code], ['outage', 'ECONNREFUSED']);
});

test('the same request follows a redirect on the same host, and not for ever', async () => {
  await using api = await openUpstream();
  const writer = await openWriter(api, { auth: { bearer: secret } });
  api.answer(status(308, { location: '/moved' }));
  await write(writer, [entryOf([{ id: 1 }])]);
  api.answer(...Array.from({ length: 9 }, () => status(307, { location: '/round' })));

  const fault = await faultOf(write(writer, [entryOf([{ id: 2 }])]));

  const [first, second] = api.arrivals;
  assert.deepEqual([second?.url, second?.body, second?.headers.authorization], ['/moved', first?.body, `Bearer ${secret}`]);
  assert.deepEqual([fault.kind, fault.code, api.arrivals.length], ['setup', 'HTTP 307', 8]);
});

test('a resource that a row names and the API does not have is the row’s fault', async () => {
  await using api = await openUpstream();
  const writer = await openWriter(api, { url: `${api.url}/users/{{id}}` });
  api.answer(status(404));

  assert.equal((await faultOf(write(writer, [entryOf([{ id: 1 }])]))).kind, 'data');
});

test('a field that would lead to another path is not sent', async () => {
  await using api = await openUpstream();
  const writer = await openWriter(api, { url: `${api.url}/users/{{id}}/events` });

  for (const id of ['', '.', '..', undefined, null, { a: 1 }]) {
    const fault = await faultOf(write(writer, [entryOf([{ id }])]));
    assert.deepEqual([fault.kind, fault.code, fault.culprit], ['data', 'ADDRESS', 0], `${id}`);
  }
  await write(writer, [entryOf([{ id: '../a?b#c%2e' }])]);

  assert.deepEqual(
    api.arrivals.map(({ url }) => url),
    ['/users/..%2Fa%3Fb%23c%252e/events'],
  );
});

test('requests keep their distance, and one that waits ends with the signal', async () => {
  await using api = await openUpstream();
  const writer = await openWriter(api, { requests_per_second: 20 });
  const stop = new AbortController();

  await write(
    writer,
    [1, 2, 3, 4, 5].map((id) => entryOf([{ id }])),
  );
  await using slow = await openWriter(api, { requests_per_second: 0.001 });
  await write(slow, [entryOf([{ id: 6 }])]);
  const waiting = slow.write([entryOf([{ id: 7 }])], { token: 't', signal: stop.signal });
  stop.abort(new Error('stopped'));

  await assert.rejects(waiting, /stopped/);
  const times = api.arrivals.map(({ atMs }) => atMs);
  assert.ok((times[4] ?? 0) - (times[0] ?? 0) >= 180, `${times}`);
  assert.equal(times.length, 6);
});

test('a long answer is not kept', async () => {
  await using api = await openUpstream();
  const writer = await openWriter(api, { timeout: '5s' });
  api.answer((response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(100_000);
    const fill = (): void => {
      while (response.write(chunk));
    };
    response.on('drain', fill);
    fill();
  });

  await write(writer, [entryOf([{ id: 1 }])]);
});

const wrong: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
  [{ url: 'ftp://api/x' }, /no http/],
  [{ url: 'not an address' }, /no http/],
  [{ url: 'http://{{host}}/x' }, /in the host/],
  [{ url: `http://me:${secret}@api/x` }, /holds a login/],
  [{ headers: { 'X-Key': `${secret}\n1` } }, /header 'X-Key' cannot/],
  [{ auth: { bearer: `${secret}\r\nx` } }, /header 'authorization' cannot/],
  [{ body: { id: '{{idd}}' } }, /field 'idd', which is none of its columns/],
];

for (const [http, message] of wrong) {
  test(`a sink that cannot call its API says so at its start: ${message.source}`, async () => {
    await using api = await openUpstream();

    await assert.rejects(openWriter(api, http, { id: 'String' }), (thrown: Error) => {
      assert.equal((thrown as Error & { code?: unknown }).code, 'VALUE_INVALID');
      assert.match(thrown.message, message);
      assert.doesNotMatch(thrown.message, /s3cr3t/);
      return true;
    });
  });
}
