import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCredential } from '../../../framework/scrape/credentials/credential-table.ts';
import { TaskFault } from '../../../framework/scrape/task-fault.ts';
import { until } from '../../support/until.ts';
import { breakOff, hang, htmlPage, json, late, reset, status, tooMany } from '../../support/upstream.ts';
import { newSource } from '../credentials/store.ts';
import { apiNode, callLab, callOf, withTokens } from './lab.ts';

const fault = (kind: string, code: string, message: RegExp = /./) => ({ name: 'TaskFault', kind, code, message });

test('a call is answered by the first API, with its credential, within all limits', async () => {
  await using lab = await callLab();
  const source = newSource();
  const id = await lab.credentials.add(source, { token: 'token-1' });
  const limits = [{ requests: 10, per: '1m' }];
  const api = apiNode('graph', `${lab.upstream.url}/base/`, { ...withTokens(source, { limits }), limits, headers: { 'X-Version': '2' } });
  lab.upstream.on('POST /base/me', json({ ok: true }));
  const level = { key: 'beat_daily_instagram', requests: 5, perMs: 1000, window: 'sliding' } as const;

  const answer = await lab.call([api], { method: 'POST', levels: [level], query: { fields: 'a b' }, body: { x: [1] } });

  const [arrival] = lab.upstream.arrivals;
  assert.deepEqual([answer.api, answer.status, answer.body, answer.credential], ['graph', 200, { ok: true }, id]);
  assert.equal(arrival?.headers.authorization, 'Bearer token-1');
  assert.deepEqual(
    [arrival?.headers['x-version'], arrival?.headers['content-type'], arrival?.body],
    ['2', 'application/json', '{"x":[1]}'],
  );
  assert.equal(arrival?.query.get('fields'), 'a b');
  assert.deepEqual(lab.limits.taken, ['beat_daily_instagram', 'api_graph', `credential_${id}`]);
});

test('all APIs and their credentials are offered to the limits at once, in the order of preference', async () => {
  await using lab = await callLab();
  const [one, two, none] = [newSource(), newSource(), newSource()];
  const ids = [await lab.credentials.add(one, { token: 'token-a' }), await lab.credentials.add(one, { token: 'token-b' })];
  const other = await lab.credentials.add(two, { token: 'token-c' });
  const limits = [{ requests: 10, per: '1m' }];
  const apis = [
    apiNode('empty', lab.upstream.url, withTokens(none, { limits })),
    apiNode('first', lab.upstream.url, withTokens(one, { limits })),
    apiNode('second', lab.upstream.url, withTokens(two, { limits })),
    apiNode('open', lab.upstream.url, { limits }),
  ];
  for (const id of ids) lab.limits.closed.set(`credential_${id}`, 1000);

  const answer = await lab.call(apis);

  const offered = lab.limits.requests[0]?.choices.map((levels) => levels.map(({ key }) => key).join());
  assert.deepEqual(offered?.slice(0, 2).sort(), ids.map((id) => `credential_${id}`).sort());
  assert.deepEqual(offered?.slice(2), [`credential_${other}`, 'api_open']);
  assert.deepEqual([answer.api, answer.credential, lab.upstream.arrivals.length], ['second', other, 1]);
});

test('limits that are used up give the task back, and nothing is sent', async () => {
  await using lab = await callLab();
  const level = { key: 'beat_minute', requests: 1, perMs: 60_000, window: 'sliding' } as const;
  lab.limits.closed.set('beat_minute', 4321);

  const call = lab.call([apiNode('open', lab.upstream.url)], { levels: [level] });

  await assert.rejects(call, { ...fault('returned', 'LIMIT_REACHED', /beat_minute/), waitMs: 4321 });
  assert.equal(lab.upstream.arrivals.length, 0);
});

for (const [form, header] of [
  ['seconds', '120'],
  ['a date', 'Mon, 01 Jun 2026 12:02:00 GMT'],
] as const) {
  test(`429 with Retry-After in ${form} lets the credential rest, and the next one is asked`, async () => {
    await using lab = await callLab();
    const source = newSource();
    const ids = [await lab.credentials.add(source, { token: 'token-a' }), await lab.credentials.add(source, { token: 'token-b' })];
    const api = apiNode('graph', lab.upstream.url, withTokens(source, { limits: [{ requests: 200, per: '1h' }] }));
    lab.upstream.answer(status(429, { 'retry-after': header, date: 'Mon, 01 Jun 2026 12:00:00 GMT' }), json({ ok: true }));

    const answer = await lab.call([api]);

    const [rested] = ids.filter((id) => id !== answer.credential);
    const row = await readCredential(lab.credentials.postgres, rested ?? '');
    assert.ok((row?.rest_ms ?? 0) > 90_000 && (row?.rest_ms ?? 0) <= 120_000, String(row?.rest_ms));
    assert.deepEqual([row?.enabled, row?.reason], [true, 'HTTP 429']);
    assert.deepEqual([...lab.limits.closed], [[`credential_${rested}`, 10_000]]);
    assert.deepEqual(lab.outcomes, ['graph 429', 'graph 200']);
  });
}

test('429 that does not say for how long lets the credential rest as the API declares', async () => {
  await using lab = await callLab();
  const source = newSource();
  const id = await lab.credentials.add(source, { token: 'token-a' });
  lab.upstream.answer(tooMany());

  const call = lab.call([apiNode('graph', lab.upstream.url, withTokens(source))]);

  await assert.rejects(call, fault('returned', 'RATE_LIMITED', /'graph' answered HTTP 429: too many requests/));
  await call.catch(({ waitMs }: TaskFault) => assert.ok(waitMs > 3_500_000 && waitMs <= 3_600_000, String(waitMs)));
  assert.ok(((await readCredential(lab.credentials.postgres, id))?.rest_ms ?? 0) > 3_500_000);
});

test('a credential that rests comes back by time alone', async () => {
  await using lab = await callLab();
  const source = newSource();
  const id = await lab.credentials.add(source, { token: 'token-a' });
  const api = apiNode('graph', lab.upstream.url, withTokens(source));
  lab.upstream.answer(tooMany(60));
  await assert.rejects(lab.call([api]), fault('returned', 'RATE_LIMITED'));
  await assert.rejects(lab.call([api]), fault('returned', 'NO_CREDENTIAL', /no usable credential/));

  await lab.credentials.postgres.query(`update gccflow.credential set disabled_till = now() where id = $1`, [id]);

  await until(() =>
    lab.call([api]).then(
      () => true,
      () => false,
    ),
  );
  assert.equal(lab.upstream.arrivals.length, 2);
});

for (const code of [401, 403]) {
  test(`${code} disables the credential until somebody enables it, and the next one is asked`, async () => {
    await using lab = await callLab();
    const source = newSource();
    const ids = [await lab.credentials.add(source, { token: 'token-a' }), await lab.credentials.add(source, { token: 'token-b' })];
    const api = apiNode('graph', lab.upstream.url, withTokens(source));
    lab.upstream.answer(json({ error: { code: 190, message: 'Session has expired' } }, code), json({ ok: true }));

    const answer = await lab.call([api]);
    const [disabled] = ids.filter((id) => id !== answer.credential);
    await lab.credentials.postgres.query(`update gccflow.credential set disabled_till = now() - interval '1 day' where id = $1`, [
      disabled,
    ]);

    const row = await readCredential(lab.credentials.postgres, disabled ?? '');
    assert.deepEqual([row?.enabled, row?.reason], [false, `HTTP ${code}: 190, Session has expired`]);
    const others = await (await lab.credentials.another()).usable(source);
    assert.deepEqual(
      others.map(({ id }) => id),
      [answer.credential],
    );
    assert.ok(lab.log.messages('error').includes('credential disabled'));
  });
}

test('401 disables the credential also where it says nothing more', async () => {
  await using lab = await callLab();
  const source = newSource();
  const id = await lab.credentials.add(source, { token: 'token-a' });
  lab.upstream.answer(status(401), json({ message: 'Invalid API key' }, 401));

  const call = lab.call([apiNode('graph', lab.upstream.url, withTokens(source))]);

  await assert.rejects(call, fault('returned', 'NO_CREDENTIAL'));
  const row = await readCredential(lab.credentials.postgres, id);
  assert.deepEqual([row?.enabled, row?.reason], [false, 'HTTP 401']);
});

test('what one credential may not see is refused to it alone, and three such answers in a row are about the credential', async () => {
  await using lab = await callLab();
  const source = newSource();
  const id = await lab.credentials.add(source, { token: 'token-a' });
  const api = apiNode('graph', lab.upstream.url, withTokens(source));
  const call = (handle: string) => lab.call([api], { choices: [{ api, path: `/${handle}` }] });
  const enabled = async () => (await readCredential(lab.credentials.postgres, id))?.enabled;
  for (const handle of ['a', 'b', 'c', 'd']) lab.upstream.on(`/${handle}`, status(403));
  lab.upstream.on('/public', json({ ok: true }));

  for (const handle of ['a', 'b', 'b', 'b']) await assert.rejects(call(handle), fault('failed', 'HTTP_STATUS'));
  await call('public');
  for (const handle of ['c', 'd']) await assert.rejects(call(handle), fault('failed', 'HTTP_STATUS'));
  const before = await enabled();
  await assert.rejects(call('a'), fault('returned', 'NO_CREDENTIAL'));

  assert.deepEqual([before, await enabled()], [true, false]);
});

test('a task waits long where only somebody can enable a credential, and not at all as its own fault', async () => {
  await using lab = await callLab();
  const source = newSource();
  await lab.credentials.add(source, { token: 'token-a' });
  const api = apiNode('graph', lab.upstream.url, withTokens(source));
  lab.upstream.answer(json({ error: { code: 'expired' } }, 401));

  const waits: unknown[] = [];
  for (const _time of [1, 2]) {
    await lab.call([api]).catch((thrown: TaskFault) => waits.push([thrown.kind, thrown.code, thrown.waitMs]));
  }

  assert.deepEqual(waits, [
    ['returned', 'NO_CREDENTIAL', 300_000],
    ['returned', 'NO_CREDENTIAL', 300_000],
  ]);
  assert.equal(lab.upstream.arrivals.length, 1);
});

test('403 that tells of a used up quota, as Google says it, is a limit and no refusal', async () => {
  await using lab = await callLab();
  const source = newSource();
  const id = await lab.credentials.add(source, { token: 'token-a' });
  const body = { error: { code: 403, message: 'The quota is used up', errors: [{ reason: 'quotaExceeded' }] } };
  lab.upstream.answer(json(body, 403));

  await assert.rejects(lab.call([apiNode('youtube', lab.upstream.url, withTokens(source))]), fault('returned', 'RATE_LIMITED'));

  assert.equal((await readCredential(lab.credentials.postgres, id))?.enabled, true);
});

test('429 from an API without credentials closes the API for as long as it says', async () => {
  await using lab = await callLab();
  const api = apiNode('open', lab.upstream.url, { limits: [{ requests: 10, per: '1m' }] });
  const other = apiNode('other', lab.upstream.url);
  lab.upstream.answer(tooMany(30));

  const answer = await lab.call([api, other]);

  assert.deepEqual([answer.api, lab.limits.closed.get('api_open')], ['other', 30_000]);
  await assert.rejects(lab.call([api]), fault('returned', 'RATE_LIMITED', /'open' has asked for a pause/));
  assert.equal(lab.upstream.arrivals.length, 2);
});

test('400, 404, 410 and 422 refuse the task at the first try', async () => {
  await using lab = await callLab();
  const apis = [apiNode('one', lab.upstream.url), apiNode('two', lab.upstream.url)];
  const codes = [400, 404, 410, 422];
  lab.upstream.answer(...codes.map((code) => json({ message: 'no such profile' }, code)));

  for (const code of codes) {
    const kind = code === 404 || code === 410 ? 'NOT_FOUND' : 'HTTP_STATUS';
    await assert.rejects(lab.call(apis), fault('refused', kind, new RegExp(`'one' answered HTTP ${code}: no such profile`)));
  }
  assert.equal(lab.upstream.arrivals.length, codes.length);
});

const failures = {
  '500': [status(500), 'HTTP_STATUS'],
  'a page for people': [htmlPage(), 'BODY_NOT_JSON'],
  'a reset connection': [reset, 'HTTP_BROKEN'],
  'half a body': [breakOff, 'HTTP_BROKEN'],
  silence: [hang, 'HTTP_TIMEOUT'],
  'a body that is too long': [json('x'.repeat(2000)), 'HTTP_TOO_LARGE'],
} as const;
for (const [what, [answer, code]] of Object.entries(failures)) {
  test(`after ${what} the next API is asked, each request with limits of its own`, async () => {
    await using lab = await callLab();
    const file = { limits: [{ requests: 10, per: '1m' }], timeouts: { total: '400ms' }, max_body: '1KB' };
    const apis = ['one', 'two', 'three', 'four'].map((name) => apiNode(name, lab.upstream.url, file));
    lab.upstream.answer(answer, json({ ok: true }, 200), answer, answer, answer);

    const second = await lab.call(
      apis.map((api) => ({ ...api, api: { ...api.api, timeouts: api.name === 'two' ? generous(api) : api.api.timeouts } })),
    );
    await assert.rejects(lab.call(apis), fault('failed', code));

    assert.equal(second.api, 'two');
    assert.deepEqual(lab.limits.taken, ['api_one', 'api_two', 'api_one', 'api_two', 'api_three']);
    assert.equal(lab.upstream.arrivals.length, 5);
  });
}

function generous({ api }: ReturnType<typeof apiNode>): ReturnType<typeof apiNode>['api']['timeouts'] {
  return { ...api.timeouts, total: 60_000 };
}

test('503 with Retry-After makes the task wait for at least that long, and the API rest', async () => {
  await using lab = await callLab();
  const api = apiNode('open', lab.upstream.url);
  lab.upstream.answer(status(503, { 'retry-after': '30' }));

  await assert.rejects(lab.call([api]), { ...fault('failed', 'HTTP_STATUS', /HTTP 503/), waitMs: 30_000 });
  await assert.rejects(lab.call([api]), fault('returned', 'RATE_LIMITED'));
  assert.equal(lab.upstream.arrivals.length, 1);
});

test('a provider that takes no connections charges no task, and is left alone after some tries', async () => {
  await using lab = await callLab();
  const api = apiNode('away', 'http://127.0.0.1:1', { breaker: { failures: 3, open_for: '1m' } });

  const faults: { code: string; kind: string; waitMs: number }[] = [];
  for (let call = 0; call < 4; call++)
    faults.push(
      await lab.call([api]).then(
        () => assert.fail('it was answered'),
        (thrown) => thrown,
      ),
    );

  assert.deepEqual(
    faults.map(({ kind, code }) => [kind, code]),
    [...Array.from({ length: 3 }, () => ['returned', 'HTTP_UNREACHABLE']), ['returned', 'CIRCUIT_OPEN']],
  );
  assert.ok((faults[3]?.waitMs ?? 0) > 30_000);
});

test('an API that fails again and again is left alone; then one request tries it', async () => {
  await using lab = await callLab();
  const api = apiNode('open', lab.upstream.url, { breaker: { failures: 3, open_for: '4s' } });
  lab.upstream.answer(status(500), status(500), status(500));
  for (const _failure of [1, 2, 3]) await assert.rejects(lab.call([api]), fault('failed', 'HTTP_STATUS'));

  await assert.rejects(lab.call([api]), fault('returned', 'CIRCUIT_OPEN', /'open' has failed several times/));
  const other = await lab.call([api, apiNode('other', lab.upstream.url)]);
  const before = lab.upstream.arrivalsOf('/me').length;
  let isAnswered = false;
  lab.upstream.on('GET /me', (response, arrival) => {
    void until(() => isAnswered).then(() => json({ ok: true })(response, arrival));
  });
  let tried: Promise<unknown> = Promise.resolve();
  await until(async () => {
    const outcome = Promise.withResolvers<boolean>();
    tried = lab.call([api]).then(
      () => outcome.resolve(true),
      () => outcome.resolve(false),
    );
    await Promise.race([outcome.promise, until(() => lab.upstream.arrivals.length > before)]);
    return lab.upstream.arrivals.length > before;
  });
  const others = await Promise.allSettled(Array.from({ length: 10 }, () => lab.call([api])));
  isAnswered = true;
  await tried;
  const closed = await lab.call([api]);

  assert.equal(other.api, 'other');
  assert.deepEqual(
    new Set(others.map((result) => result.status === 'rejected' && (result.reason as TaskFault).code)),
    new Set(['CIRCUIT_OPEN']),
  );
  assert.equal(lab.upstream.arrivals.length, before + 2);
  assert.equal(closed.status, 200);
});

test('twenty calls at once that meet one 429 make one disabling, and no storm', async () => {
  await using lab = await callLab();
  const source = newSource();
  const ids = [await lab.credentials.add(source, { token: 'limited' }), await lab.credentials.add(source, { token: 'free' })];
  const api = apiNode('graph', lab.upstream.url, withTokens(source));
  lab.upstream.on('GET /me', (response, arrival) =>
    arrival.credential === 'limited' ? tooMany(600)(response, arrival) : json({ ok: true })(response, arrival),
  );

  const answers = await Promise.all(Array.from({ length: 20 }, () => lab.call([api])));
  const later = await Promise.all(Array.from({ length: 20 }, () => lab.call([api])));

  const limited = lab.upstream.arrivals.filter(({ credential }) => credential === 'limited').length;
  assert.deepEqual(new Set([...answers, ...later].map(({ credential }) => credential)), new Set([ids[1]]));
  assert.ok(limited <= 20);
  assert.equal(lab.upstream.arrivals.length, 40 + limited);
  assert.equal(lab.log.messages().filter((message) => message === 'credential disabled for a time').length, 1);
});

test('calls that wait in line while their credential is disabled are not sent', async () => {
  await using lab = await callLab();
  const source = newSource();
  await lab.credentials.add(source, { token: 'token-a' });
  const api = apiNode('graph', lab.upstream.url, withTokens(source));
  const gate = Promise.withResolvers<void>();
  lab.upstream.on('GET /me', tooMany(600));
  lab.limits.before = () => (lab.limits.requests.length === 1 ? undefined : gate.promise);

  const calls = Array.from({ length: 20 }, () => lab.call([api]).catch(({ code }: TaskFault) => code));
  await calls[0];
  gate.resolve();

  assert.deepEqual(new Set(await Promise.all(calls)), new Set(['RATE_LIMITED', 'NO_CREDENTIAL']));
  assert.equal(lab.upstream.arrivals.length, 1);
});

test('a sticky credential is the only one for the calls of its task', async () => {
  await using lab = await callLab();
  const source = newSource();
  const ids = [await lab.credentials.add(source, { token: 'token-a' }), await lab.credentials.add(source, { token: 'token-b' })];
  const [wanted = ''] = ids;
  const sticky = apiNode('graph', lab.upstream.url, withTokens(source, { sticky: true }));
  const loose = apiNode('loose', lab.upstream.url, withTokens(source));

  for (let time = 0; time < 10; time++) assert.equal((await lab.call([sticky], { stickyTo: wanted })).credential, wanted);
  lab.upstream.answer(tooMany(60));
  await assert.rejects(lab.call([sticky], { stickyTo: wanted }), fault('returned', 'RATE_LIMITED'));

  await assert.rejects(lab.call([sticky], { stickyTo: wanted }), { ...fault('returned', 'NO_CREDENTIAL', /began with/), waitMs: 1000 });
  assert.equal((await lab.call([loose], { stickyTo: wanted })).credential, ids[1]);
  assert.equal((await lab.call([sticky])).credential, ids[1]);
});

test('no more than its concurrency is sent to an API at once; calls wait in their order, or are given back', async () => {
  await using lab = await callLab();
  const api = apiNode('small', lab.upstream.url, { concurrency: 2 });
  let open = 0;
  let most = 0;
  lab.upstream.on('GET /me', (response, arrival) => {
    most = Math.max(most, ++open);
    late(20, (later, same) => {
      open--;
      json({ ok: true })(later, same);
    })(response, arrival);
  });

  await Promise.all(Array.from({ length: 20 }, () => lab.call([api])));
  lab.upstream.on('GET /me', hang);
  const controller = new AbortController();
  const hanging = [1, 2].map(() => lab.calls.call(callOf([api]), controller.signal).catch(String));
  await until(() => lab.upstream.arrivals.length === 22);

  await assert.rejects(lab.call([api], { maxWaitMs: 50 }), fault('returned', 'API_BUSY', /all places at 'small' are taken/));
  controller.abort(new Error('stop'));
  assert.deepEqual(await Promise.all(hanging), ['Error: stop', 'Error: stop']);
  assert.equal(most, 2);
});

test('a full API is passed over for the next', async () => {
  await using lab = await callLab();
  const [full, free] = [apiNode('full', lab.upstream.url, { concurrency: 1 }), apiNode('free', lab.upstream.url)];
  lab.upstream.answer(hang);
  const controller = new AbortController();
  const hanging = lab.calls.call(callOf([full]), controller.signal).catch(() => {});
  await until(() => lab.upstream.arrivals.length === 1);

  const answer = await lab.call([full, free]);

  assert.equal(answer.api, 'free');
  controller.abort();
  await hanging;
});

test('what providers say of their quotas narrows the limits, of the credential where there is one', async () => {
  await using lab = await callLab();
  const source = newSource();
  const id = await lab.credentials.add(source, { token: 'token-a' });
  const limits = [
    { requests: 200, per: '1h' },
    { requests: 20, per: '1m' },
  ];
  const api = apiNode('graph', lab.upstream.url, { ...withTokens(source, { limits }), limits: [{ requests: 1000, per: '1d' }] });
  const open = apiNode('open', lab.upstream.url, { limits: [{ requests: 850, per: '1m' }] });
  const ample = { 'x-ratelimit-limit': '200', 'x-ratelimit-remaining': '150', 'x-ratelimit-reset': '1800' };
  lab.upstream.answer(
    json({}, 200, ample),
    json({}, 200, { ...ample, 'x-ratelimit-remaining': '20' }),
    json({}, 200, { ratelimit: '"minute";r=3;t=40', 'ratelimit-policy': '"minute";q=850;w=60' }),
  );

  for (const which of [api, api, open]) await lab.call([which]);

  assert.deepEqual(
    lab.limits.narrowed.map(({ level, remaining, forMs }) => [level.key, level.perMs, remaining, forMs]),
    [
      [`credential_${id}`, 3_600_000, 20, 1_800_000],
      ['api_open', 60_000, 3, 40_000],
    ],
  );
});

test('a quota that is used up and belongs to no declared limit makes the credential rest', async () => {
  await using lab = await callLab();
  const source = newSource();
  const id = await lab.credentials.add(source, { token: 'token-a' });
  const api = apiNode('rapid', lab.upstream.url, withTokens(source));
  const headers = { 'x-ratelimit-requests-limit': '500', 'x-ratelimit-requests-remaining': '0', 'x-ratelimit-requests-reset': '7200' };
  lab.upstream.answer(json({}, 200, headers));

  const answer = await lab.call([api]);

  assert.equal(answer.status, 200);
  assert.ok(((await readCredential(lab.credentials.postgres, id))?.rest_ms ?? 0) > 7_000_000);
});

test('a credential without a secret that the API shows is not used', async () => {
  await using lab = await callLab();
  const source = newSource();
  await lab.credentials.add(source, { key: 'a' });

  const call = lab.call([apiNode('graph', lab.upstream.url, withTokens(source))]);

  await assert.rejects(call, { ...fault('returned', 'NO_CREDENTIAL', /no credential of '.*' that fits/), waitMs: 300_000 });
});

test('a call that is broken off ends with the reason of its signal', async () => {
  await using lab = await callLab();
  const controller = new AbortController();
  const reason = new Error('the lease is lost');
  lab.upstream.answer(hang);

  const called = lab.calls.call(callOf([apiNode('open', lab.upstream.url)]), controller.signal);
  await until(() => lab.upstream.arrivals.length === 1);
  controller.abort(reason);

  await assert.rejects(called, reason);
  await assert.rejects(lab.calls.call(callOf([apiNode('open', lab.upstream.url)]), controller.signal), reason);
});

test('an outage of PostgreSQL gives the task back', async () => {
  await using lab = await callLab();
  const api = apiNode('graph', lab.upstream.url, withTokens(newSource()));

  await lab.credentials.postgres.query('alter table gccflow.credential rename to credential_away');
  const called = lab.call([api]).catch((thrown: unknown) => thrown);
  const thrown = await called;
  await lab.credentials.postgres.query('alter table gccflow.credential_away rename to credential');

  assert.ok(thrown instanceof TaskFault);
  assert.deepEqual([thrown.kind, thrown.code], ['returned', 'POSTGRES_QUERY']);
});

test('a wall clock that was set back does not make a call ask in a circle', async (context) => {
  await using lab = await callLab();
  const api = apiNode('open', lab.upstream.url, { breaker: { failures: 1, open_for: '50ms' } });
  lab.upstream.answer(status(500));
  await assert.rejects(lab.call([api]), fault('failed', 'HTTP_STATUS'));
  const { now } = Date;
  context.mock.method(Date, 'now', () => now() - 3_600_000);

  for (const _time of [1, 2, 3]) {
    await until(() =>
      lab.call([api]).then(
        () => assert.fail('it was sent'),
        ({ code }: TaskFault) => code === 'CIRCUIT_OPEN',
      ),
    );
  }
  context.mock.restoreAll();

  await until(() =>
    lab.call([api]).then(
      () => true,
      () => false,
    ),
  );
  assert.ok(lab.limits.requests.length < 20, String(lab.limits.requests.length));
});
