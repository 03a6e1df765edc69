import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { GccflowError } from '../../../framework/foundation/error.ts';
import { pauseFlows } from '../../../framework/scrape/queue/pause-flows.ts';
import { flowServer } from '../../support/flow-server.ts';
import { newTask, readTask } from '../../support/task-queue.ts';
import { until } from '../../support/until.ts';
import { type Answer, type Arrival, hang, htmlPage, json, late, reset, status, tooMany } from '../../support/upstream.ts';

const profile = {
  name: 'profile',
  workers: 1,
  concurrency: 5,
  params: { platform: 'string', handle: 'string', limit: 'integer?', since: 'timestamp?', deep: 'boolean?', tags: 'list?' },
  retrieve: { api: 'provider', path: '/v1/{handle}', query: { limit: '{limit}', since: '{since}', deep: '{deep}', tags: '{tags}' } },
  output: { handle: 'string', followers: 'integer' },
  serve: { path: '/profiles/instagram/byhandle/{handle}', params: { platform: 'instagram' } },
};
const path = '/profiles/instagram/byhandle/virat';
const found = json({ handle: 'virat', followers: 270 });

test('a request runs a task, and is answered with its records', async (context) => {
  await using server = await flowServer(context, { flows: [profile] });
  server.upstream.on(
    'GET /v1/{handle}',
    json(({ params }: Arrival) => ({ handle: params.handle, followers: 270 })),
  );

  const answer = await server.get('/profiles/INSTAGRAM/byhandle/Virat%20k%2Fl');

  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.body.records, [{ handle: 'Virat k/l', followers: 270 }]);
  const task = await readTask(server.postgres, String(answer.body.task));
  assert.deepEqual([task?.status, task?.params], ['COMPLETE', { platform: 'instagram', handle: 'Virat k/l' }]);
});

test('params in the query become what the flow declares, and others are refused', async (context) => {
  await using server = await flowServer(context, { flows: [profile] });
  server.upstream.on('GET /v1/virat', found);

  const good = await server.get(`${path}?limit=5&since=2026-01-02&deep=true&tags=${encodeURIComponent('["a","b"]')}`);
  const bad = await Promise.all(
    ['limit=many', 'limit=1&limit=2', 'since=yesterday', 'deep=perhaps', 'tags=[a', 'platform=x', 'handel=x'].map((query) =>
      server.get(`${path}?${query}`),
    ),
  );

  const plain = await server.get(`${path}?tags=a,b`);

  assert.deepEqual([good.status, plain.status], [200, 200], good.text);
  const sent = server.upstream.arrivals[0]?.query;
  assert.deepEqual(Object.fromEntries(sent ?? []), { limit: '5', since: '2026-01-02T00:00:00.000Z', deep: 'true', tags: 'a,b' });
  assert.deepEqual(
    bad.map((answer) => `${answer.status} ${answer.body.error}`),
    bad.map(() => '400 invalid'),
  );
  assert.deepEqual(
    bad.map((answer) => answer.body.path ?? null),
    ['query.limit', 'query.limit', null, 'query.deep', 'query.tags', 'query.platform', 'query.handel'],
  );
  assert.equal(server.upstream.arrivals[1]?.query.get('tags'), 'a,b');
  assert.equal(server.upstream.arrivals.length, 2);
});

const failures: readonly (readonly [string, Answer, number, string, string])[] = [
  ['has none', json({ error: 'no such user' }, 404), 404, 'not_found', 'NOT_FOUND'],
  ['refuses', json({ error: 'what?' }, 400), 502, 'provider_failed', 'HTTP_STATUS'],
  ['fails', status(500), 502, 'provider_failed', 'HTTP_STATUS'],
  ['breaks off', reset, 502, 'provider_failed', 'HTTP_BROKEN'],
  ['sends a page for people', htmlPage(), 502, 'provider_failed', 'BODY_NOT_JSON'],
  ['sends another shape', json({ handle: 'virat', followers: 'many' }), 502, 'provider_failed', 'PARSE_SHAPE'],
  ['says nothing', hang, 504, 'provider_timeout', 'HTTP_TIMEOUT'],
];

for (const [name, answer, code, error, fault] of failures) {
  test(`a provider that ${name}: ${code}, and the task is not tried again`, async (context) => {
    const timeouts = { headers: '300ms' };
    await using server = await flowServer(context, { flows: [profile], api: { timeouts } });
    server.upstream.on('GET /v1/virat', answer);

    const refused = await server.get(path);

    assert.deepEqual([refused.status, refused.body.error, refused.body.code], [code, error, fault], refused.text);
    assert.doesNotMatch(String(refused.body.message), /^Records/); // a path stays as it is
    const task = await readTask(server.postgres, String(refused.body.task));
    assert.deepEqual([task?.status, task?.errors?.[0]?.code], ['FAILED', fault]);
  });
}

test('an answer without records is none', async (context) => {
  const list = { ...profile, parse: { each: 'users', fields: { handle: 'name', followers: 'count' } } };
  await using server = await flowServer(context, { flows: [list] });
  server.upstream.on('GET /v1/virat', json({ users: [] }));

  const answer = await server.get(path);

  assert.deepEqual([answer.status, answer.body.error], [404, 'not_found']);
});

test('a limit that is used up for longer than a request waits: 429, when to come again, and nothing sent', async (context) => {
  const limits = [{ key: `handle_${randomUUID()}_{handle}`, requests: 1, per: '1h' }];
  await using server = await flowServer(context, { flows: [{ ...profile, limits }] });
  server.upstream.on('GET /v1/virat', found);

  const first = await server.get(path);
  const second = await server.get(path);
  const other = await server.get('/profiles/instagram/byhandle/messi');

  assert.deepEqual([first.status, second.status, other.status], [200, 429, 404]);
  assert.deepEqual([second.body.error, second.body.code], ['rate_limited', 'LIMIT_REACHED']);
  const wait = Number(second.headers['retry-after']);
  assert.ok(wait > 3000 && wait <= 3600, `${wait}`);
  assert.deepEqual(
    server.upstream.arrivals.map(({ path: asked }) => asked),
    ['/v1/virat', '/v1/messi'],
  );
  assert.equal((await readTask(server.postgres, String(second.body.task)))?.status, 'FAILED');
});

test('a short wait for a limit is waited in place', async (context) => {
  const limits = [{ key: `handle_${randomUUID()}`, requests: 1, per: '1s' }];
  await using server = await flowServer(context, { flows: [{ ...profile, limits, serve: { ...profile.serve, max_wait: '20s' } }] });
  server.upstream.on('GET /v1/virat', found);

  const answers = await Promise.all([server.get(path), server.get(path)]);

  assert.deepEqual(
    answers.map((answer) => answer.status),
    [200, 200],
  );
});

test('a provider that has had enough: 429 with its own time', async (context) => {
  await using server = await flowServer(context, { flows: [profile] });
  server.upstream.on('GET /v1/virat', tooMany(120));

  const answer = await server.get(path);

  assert.deepEqual([answer.status, answer.body.code], [429, 'RATE_LIMITED'], answer.text);
  const wait = Number(answer.headers['retry-after']);
  assert.ok(wait > 60 && wait <= 120, `${wait}`);
});

test('of a flow that takes one task of its kind at a time, a second request is told so while the first runs', async (context) => {
  await using server = await flowServer(context, { flows: [{ ...profile, unique: ['handle'] }] });
  server.upstream.on('GET /v1/virat', late(300, found));

  const first = server.get(path);
  await until(() => server.upstream.arrivals.length === 1);
  const second = await server.get(path);

  assert.deepEqual([second.status, second.body.error, second.headers['retry-after']], [409, 'conflict', '1']);
  assert.equal((await first).status, 200);
  assert.equal(server.upstream.arrivals.length, 1);
});

test('a request does not wait behind the queue for a task of its kind: it runs that one, which goes back where it fails', async (context) => {
  await using server = await flowServer(context, { flows: [{ ...profile, unique: ['handle'] }] });
  server.upstream.on('GET /v1/virat', status(500), found);
  const queued = newTask({ flow: 'profile', uniqueKey: '["virat"]', params: { platform: 'instagram', handle: 'virat' }, maxAttempts: 3 });
  const { ids } = await server.queue.enqueue([queued]);

  const failed = await server.get(path);
  const between = await readTask(server.postgres, ids[0] ?? '');
  const answered = await server.get(path);

  assert.deepEqual([failed.status, failed.body.task], [502, ids[0]]);
  assert.deepEqual([between?.status, between?.tries], ['PENDING', 1]);
  assert.deepEqual([answered.status, answered.body.task], [200, ids[0]], answered.text);
  assert.equal((await readTask(server.postgres, ids[0] ?? ''))?.status, 'COMPLETE');
});

test('a task that is queued for a later time is not run by a request before', async (context) => {
  await using server = await flowServer(context, { flows: [{ ...profile, unique: ['handle'] }] });
  await server.queue.enqueue([newTask({ flow: 'profile', uniqueKey: '["virat"]', runAt: { inMs: 60_000 } })]);

  const answer = await server.get(path);

  assert.deepEqual([answer.status, answer.body.error], [409, 'conflict']);
  assert.equal(server.upstream.arrivals.length, 0);
});

test('a paused flow is not served', async (context) => {
  await using server = await flowServer(context, { flows: [profile] });
  await pauseFlows(server.postgres, ['profile']);

  const answer = await server.get(path);

  assert.deepEqual([answer.status, answer.body.message], [503, 'The flow is paused.']);
});

test('no more requests are served at once than the flow has slots', async (context) => {
  await using server = await flowServer(context, { flows: [{ ...profile, concurrency: 2 }], api: { timeouts: { headers: '2s' } } });
  server.upstream.on('GET /v1/virat', hang);

  const under = [server.get(path), server.get(path)];
  await until(() => server.upstream.arrivals.length === 2);
  const third = await server.get(path);
  await Promise.all(under);
  const later = await server.get('/profiles/instagram/byhandle/messi');

  assert.deepEqual([third.status, third.body.error, third.headers['retry-after']], [503, 'unavailable', '1']);
  assert.equal(later.status, 404);
});

test('PostgreSQL away: 503 before anything is sent, and an answer that is there is given all the same', async (context) => {
  const away = (): never => {
    throw new GccflowError('POSTGRES_UNREACHABLE', 'PostgreSQL does not answer.');
  };
  await using before = await flowServer(context, {
    flows: [profile],
    queue: (queue) => Object.assign(Object.create(queue), { enqueueLeased: away }),
  });
  const refused = await before.get(path);
  const scope = (queue: object) => ({ enqueueLeased: Reflect.get(queue, 'enqueueLeased').bind(queue), exchange: away });
  await using after = await flowServer(context, { flows: [profile], queue: (queue) => Object.assign(Object.create(queue), scope(queue)) });
  after.upstream.on('GET /v1/virat', found);
  const answer = await after.get(path);

  assert.deepEqual([refused.status, refused.body.code, refused.headers['retry-after']], [503, 'POSTGRES_UNREACHABLE', '5']);
  assert.equal(before.upstream.arrivals.length, 0);
  assert.equal(answer.status, 200);
  assert.ok(after.log.messages('warn').includes('served task not ended in the queue'));
});

test('a task whose lease was lost is aborted, and its request told so', async (context) => {
  const lost = (queue: object) => ({
    enqueueLeased: Reflect.get(queue, 'enqueueLeased').bind(queue),
    exchange: Reflect.get(queue, 'exchange').bind(queue),
    extend: async () => new Set<string>(),
  });
  await using server = await flowServer(context, {
    flows: [{ ...profile, lease: '5s' }],
    queue: (queue) => Object.assign(Object.create(queue), lost(queue)),
  });
  server.upstream.on('GET /v1/virat', hang);

  const answer = await server.get(path);

  assert.deepEqual([answer.status, answer.body.error], [503, 'unavailable'], answer.text);
});

test('what still runs when the server has to end is aborted, told so, and not left behind', async (context) => {
  await using server = await flowServer(context, { flows: [profile] });
  server.upstream.on('GET /v1/virat', hang);

  const asked = server.get(path);
  await until(() => server.upstream.arrivals.length === 1);
  server.tasks.abort();
  const answer = await asked;

  assert.deepEqual([answer.status, answer.body.error, answer.headers['retry-after']], [503, 'unavailable', '1'], answer.text);
  assert.equal((await readTask(server.postgres, String(answer.body.task)))?.status, 'FAILED');
  assert.equal(server.tasks.running, 0);
});
