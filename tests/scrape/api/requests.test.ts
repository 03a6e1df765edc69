import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowServer } from '../../support/flow-server.ts';
import { readTask } from '../../support/task-queue.ts';
import { until } from '../../support/until.ts';
import { hang, json, late } from '../../support/upstream.ts';

const profile = {
  name: 'profile',
  workers: 10,
  concurrency: 5,
  params: { handle: 'string', limit: 'integer?' },
  max_params: '1KB',
  retrieve: { api: 'provider', path: '/v1/{handle}' },
  output: { handle: 'string', followers: { type: 'integer', optional: true, description: 'How many follow.' } },
  serve: { path: '/profiles/{handle}' },
};
const posts = { name: 'posts', params: { handle: 'string' } };
const found = json({ handle: 'virat', followers: 270 });

test('a task is queued for workers, and what becomes of it can be asked', async (context) => {
  await using server = await flowServer(context, { flows: [profile, posts] });
  const body = { flow: 'posts', params: { handle: 'virat' }, priority: 7, run_at: '2030-01-02T03:04:05Z', idempotency_key: 'k1' };

  const first = await server.post('/scrape-requests', body);
  const second = await server.post('/scrape-requests', body);
  const { body: task } = await server.get(`/scrape-requests/${first.body.id}`);

  assert.deepEqual([first.status, first.body.known], [202, false], first.text);
  assert.deepEqual([second.status, second.body], [200, { id: null, known: true }]);
  assert.deepEqual(
    [task.flow, task.status, task.priority, task.params, task.run_at, task.error],
    ['posts', 'PENDING', 7, { handle: 'virat' }, '2030-01-02T03:04:05.000Z', null],
  );
  assert.equal((await readTask(server.postgres, String(first.body.id)))?.status, 'PENDING');
});

const mistakes: readonly (readonly [string, unknown, number, RegExp])[] = [
  ['an unknown flow', { flow: 'post' }, 400, /There is no flow 'post'\. Did you mean 'posts'\?/],
  ['no flow', { params: {} }, 400, /'body\.flow'/],
  ['a missing param', { flow: 'posts' }, 400, /The param 'handle' is missing/],
  [
    'a param of another type',
    { flow: 'profile', params: { handle: 'a', limit: 'ten' } },
    400,
    /'limit' is string where integer is expected/,
  ],
  ['an unknown param', { flow: 'posts', params: { handle: 'a', hurry: true } }, 400, /no param 'hurry'/],
  ['params that are too large', { flow: 'profile', params: { handle: 'x'.repeat(2000) } }, 400, /more than the 1[0-9]* of max_params/],
  ['a body that is too large', { flow: 'profile', params: { handle: 'x'.repeat(2_000_000) } }, 413, /too large/],
  ['an unknown key', { flow: 'posts', params: { handle: 'a' }, prio: 1 }, 400, /'body\.prio'/],
  ['a priority beyond its range', { flow: 'posts', params: { handle: 'a' }, priority: 99_999 }, 400, /'body\.priority'/],
  ['a time that is none', { flow: 'posts', params: { handle: 'a' }, run_at: 'tomorrow' }, 400, /'body\.run_at'/],
  ['a leap second', { flow: 'posts', params: { handle: 'a' }, run_at: '2016-12-31T23:59:60Z' }, 400, /This time cannot be read/],
];

for (const [name, body, code, message] of mistakes) {
  test(`a task with ${name} is refused, with the reason`, async (context) => {
    await using server = await flowServer(context, { flows: [profile, posts] });

    const answer = await server.post('/scrape-requests', body);

    assert.equal(answer.status, code, answer.text);
    assert.match(String(answer.body.message), message);
    assert.deepEqual(await server.postgres.query('select from gccflow.scrape_request'), []);
  });
}

test('a body that is no JSON is refused, and a task that is not there is not found', async (context) => {
  await using server = await flowServer(context, { flows: [profile] });

  const text = await server.post('/scrape-requests', {}, { 'content-type': 'text/plain' });
  const answers = await Promise.all(
    ['1', '999999999999999999999', 'x', '-1', "1'--"].map((id) => server.get(`/scrape-requests/${encodeURIComponent(id)}`)),
  );

  assert.deepEqual([text.status, text.body.error], [415, 'media_type']);
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([404]));
});

test('the flows, their slots and their work are shown', async (context) => {
  await using server = await flowServer(context, { flows: [profile, posts] });
  for (const handle of ['a', 'b']) await server.post('/scrape-requests', { flow: 'posts', params: { handle } });
  await server.queue.exchange([], [{ flow: 'posts', limit: 1, leaseMs: 60_000 }], 'w');

  const { body } = await server.get('/flows');

  const [first, second] = body.flows as Record<string, unknown>[];
  assert.deepEqual([first?.flow, first?.running, first?.due, first?.path], ['posts', 1, 1, null]);
  assert.ok(Number(first?.due_for_seconds) >= 0);
  assert.deepEqual([second?.flow, second?.workers, second?.concurrency, second?.due, second?.due_for_seconds], ['profile', 10, 5, 0, null]);
  assert.equal(second?.path, '/profiles/{handle}');
});

test('a request keeps its id, or gets one: in the answer, in errors and in the log', async (context) => {
  await using server = await flowServer(context, { flows: [profile] });
  server.upstream.on('GET /v1/virat', found);

  const own = await server.get('/profiles/virat', { 'x-request-id': 'abc-123' });
  const none = await server.get('/profiles/nobody');
  const bad = await server.get('/nowhere', { 'x-request-id': 'x'.repeat(500) });
  await server.get('/profiles/%ff', { 'x-request-id': 'abc-124' });

  assert.equal(own.headers['x-request-id'], 'abc-123');
  assert.match(String(none.headers['x-request-id']), /^[0-9a-f-]{36}$/);
  assert.equal(none.body.request_id, none.headers['x-request-id']);
  assert.equal(String(bad.headers['x-request-id']).length, 36);
  await until(() => server.log.lines.filter(({ message }) => message === 'request answered').length === 4);
  const lines = server.log.lines.filter(({ message }) => message === 'request answered').map(({ fields }) => fields);
  assert.deepEqual(
    lines.map(({ request, route, status }) => [request, route, status]),
    [
      ['abc-123', '/profiles/:handle', 200],
      [none.headers['x-request-id'], '/profiles/:handle', 404],
      [bad.headers['x-request-id'], 'unknown', 404],
      ['abc-124', 'unknown', 400],
    ],
  );
});

test('an address that cannot be read is refused as all else is, and its values are not repeated', async (context) => {
  await using server = await flowServer(context, { flows: [profile] });
  const paths = [`/profiles/${'x'.repeat(9000)}`, '/profiles/%E0%A4%A', '/profiles/%ff', '/profiles/tiktok/byhandle/a', '/profiles/%2e%2e'];

  const answers = await Promise.all(paths.map((path) => server.get(path, { 'x-request-id': 'abc-123' })));

  assert.deepEqual(
    answers.map(({ status, body, headers }) => [status, body.error, body.request_id, headers['x-request-id']]),
    [
      [414, 'too_long', 'abc-123', 'abc-123'],
      [400, 'invalid', 'abc-123', 'abc-123'],
      [400, 'invalid', 'abc-123', 'abc-123'],
      [404, 'not_found', 'abc-123', 'abc-123'],
      [404, 'not_found', 'abc-123', 'abc-123'],
    ],
  );
  assert.ok(answers.every(({ text }) => text.length < 300));
  const { text: metrics } = await server.get('/metrics');
  assert.match(metrics, /gccflow_http_requests_total\{service="scrape",route="unknown",status="414"\} 1/);
  assert.equal(server.upstream.arrivals.length, 0);
});

test('a handle in any script is one segment of the path that the provider is asked for', async (context) => {
  await using server = await flowServer(context, { flows: [profile] });
  server.upstream.on(
    'GET /v1/{handle}',
    json(({ params }: { params: { handle: string } }) => ({ handle: params.handle })),
  );
  const handles = ['ナサ🚀', 'a/b?c#d', 'विराट', '%41', 'x'.repeat(900)];

  const answers = await Promise.all(handles.map((handle) => server.get(`/profiles/${encodeURIComponent(handle)}`)));

  assert.deepEqual(
    answers.map(({ body }) => body.records),
    handles.map((handle) => [{ handle }]),
  );
});

test('where tokens are declared, one of them is needed for all but a look at whether it lives', async (context) => {
  await using server = await flowServer(context, { flows: [profile], serve: { tokens: ['t1', 't2'] } });
  server.upstream.on('GET /v1/virat', found);
  const guarded = ['/profiles/virat', '/flows', '/scrape-requests/1', '/metrics'];

  const without = await Promise.all(guarded.map((path) => server.get(path)));
  const wrong = await Promise.all(guarded.map((path) => server.get(path, { authorization: 'Bearer t3' })));
  const queued = await server.post('/scrape-requests', { flow: 'profile', params: { handle: 'a' } });
  const right = await server.get('/profiles/virat', { authorization: 'Bearer t2' });
  const open = await Promise.all(['/heartbeat', '/ready', '/openapi.json'].map((path) => server.get(path)));

  assert.deepEqual(new Set([...without, ...wrong, queued].map(({ status }) => status)), new Set([401]));
  assert.equal(without[0]?.headers['www-authenticate'], 'Bearer');
  assert.equal(right.status, 200);
  assert.deepEqual(
    open.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(server.upstream.arrivals.length, 1);
});

test('the routes are described for programs and for people', async (context) => {
  await using server = await flowServer(context, { flows: [profile], serve: { tokens: ['t'] } });

  const { body } = await server.get('/openapi.json');
  const page = await server.get('/docs/');

  const paths = body.paths as Record<string, { get?: { parameters?: unknown[]; responses: Record<string, unknown> } }>;
  const route = paths['/profiles/{handle}']?.get;
  assert.deepEqual(Object.keys(paths).sort(), [
    '/flows',
    '/heartbeat',
    '/metrics',
    '/profiles/{handle}',
    '/ready',
    '/scrape-requests',
    '/scrape-requests/{id}',
  ]);
  assert.deepEqual(route?.parameters, [
    { schema: { type: 'integer' }, in: 'query', name: 'limit', required: false },
    { schema: { type: 'string' }, in: 'path', name: 'handle', required: true },
  ]);
  assert.match(JSON.stringify(route?.responses['200']), /How many follow\./);
  assert.match(JSON.stringify(body.security), /token/);
  assert.match(page.text, /swagger-ui/);
});

test('metrics count requests and the tasks that run for them', async (context) => {
  await using server = await flowServer(context, { flows: [profile] });
  server.upstream.on('GET /v1/virat', found);
  await server.get('/profiles/virat');
  await server.get('/profiles/nobody');

  const { text, headers } = await server.get('/metrics');

  assert.match(String(headers['content-type']), /^text\/plain/);
  assert.match(text, /gccflow_http_requests_total\{service="scrape",route="\/profiles\/:handle",status="200"\} 1/);
  assert.match(text, /gccflow_http_requests_total\{service="scrape",route="\/profiles\/:handle",status="404"\} 1/);
  assert.match(text, /gccflow_served_tasks_running 0/);
});

test('a server that stops still answers what is under way', async (context) => {
  await using server = await flowServer(context, { flows: [profile] });
  server.upstream.on('GET /v1/virat', late(300, found));

  const under = server.get('/profiles/virat');
  await until(() => server.upstream.arrivals.length === 1);
  await server.stop();

  assert.equal((await under).status, 200);
  await assert.rejects(server.get('/heartbeat'), /ECONNREFUSED/);
});

test('a client that leaves does not end its task', async (context) => {
  await using server = await flowServer(context, { flows: [profile], api: { timeouts: { headers: '500ms' } } });
  server.upstream.on('GET /v1/virat', hang);
  const leaving = new AbortController();

  const left = fetch(`${server.address}/profiles/virat`, { signal: leaving.signal }).catch(() => 'left');
  await until(() => server.upstream.arrivals.length === 1);
  leaving.abort();

  assert.equal(await left, 'left');
  await until(async () => {
    const [row] = await server.postgres.query<{ status: string }>('select status from gccflow.scrape_request');
    return row?.status === 'FAILED';
  });
});

test('an address that is taken, and two flows that would take the same requests, are named', async (context) => {
  await using server = await flowServer(context, { flows: [profile] });
  const port = Number(new URL(server.address).port);

  await assert.rejects(flowServer(context, { flows: [profile], serve: { port } }), {
    code: 'SERVE_ADDRESS',
    message: `Flows cannot be served at 127.0.0.1:${port}: the port is taken.`,
  });
  const other = { ...profile, name: 'other' };
  await assert.rejects(flowServer(context, { flows: [profile, other] }), { code: 'NAME_DUPLICATE', message: /\/profiles\/:handle/ });
  const own = { ...profile, serve: { path: '/flows' }, params: {}, retrieve: { api: 'provider', path: '/v1' } };
  await assert.rejects(flowServer(context, { flows: [own] }), { code: 'NAME_DUPLICATE', message: /\/flows/ });
});
