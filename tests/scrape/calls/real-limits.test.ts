import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiNode } from '../../../framework/manifest/manifest.ts';
import { openApiCalls } from '../../../framework/scrape/calls/open-api-calls.ts';
import { openHttpClient } from '../../../framework/scrape/calls/undici-client.ts';
import { limitLine } from '../../../framework/scrape/limits/limit-line.ts';
import type { Limiter } from '../../../framework/scrape/limits/limiter.ts';
import type { TaskFault } from '../../../framework/scrape/task-fault.ts';
import { labs, ownKey } from '../../support/limits.ts';
import { json, openUpstream, tooMany } from '../../support/upstream.ts';
import { silentLog } from '../../support/warehouse.ts';
import { newSource, type TestCredentials, testCredentials } from '../credentials/store.ts';
import { apiNode, callOf, noon, withTokens } from './lab.ts';

/** Calls of one process, with a line of its own. */
async function callsOf(limiter: Limiter, credentials: TestCredentials) {
  await using opening = new AsyncDisposableStack();
  const http = opening.use(openHttpClient());
  const line = limitLine({ limiter, whenAway: 'fail_closed', log: silentLog });
  const store = await credentials.another();
  const calls = opening.use(openApiCalls({ http, line, limiter, credentials: store, clock: noon, log: silentLog }));
  const open = opening.move();
  return {
    /** The API that answered, or the code of the fault. */
    ask: (apis: readonly ApiNode[], maxWaitMs = 0): Promise<string> =>
      calls.call(callOf(apis, { maxWaitMs }), new AbortController().signal).then(
        ({ api }) => api,
        ({ code }: TaskFault) => code,
      ),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

for (const lab of labs) {
  test(`${lab.name}: the next API is called when the limits of the first are used up, by whatever process`, async (context) => {
    await using limits = await lab.open(context);
    if (limits === null) return;
    await using upstream = await openUpstream({ otherwise: json({ ok: true }) });
    await using credentials = await testCredentials();
    const perHour = (requests: number) => ({ limits: [{ requests, per: '1h' }] });
    const [one, two] = [apiNode(ownKey('one'), upstream.url, perHour(3)), apiNode(ownKey('two'), upstream.url, perHour(2))];
    await using here = await callsOf(await limits.open(), credentials);
    await using there = await callsOf(await limits.open(), credentials);

    const answers = await Promise.all([here, there, here, there, here, there, here].map(({ ask }) => ask([one, two])));

    const count = (name: string): number => answers.filter((answer) => answer === name).length;
    assert.deepEqual([count(one.name), count(two.name), count('LIMIT_REACHED')], [3, 2, 2], answers.join());
    assert.equal(upstream.arrivals.length, 5);
  });

  test(`${lab.name}: each credential has its own count, and all are used up before a call waits`, async (context) => {
    await using limits = await lab.open(context);
    if (limits === null) return;
    await using upstream = await openUpstream({ otherwise: json({ ok: true }) });
    await using credentials = await testCredentials();
    const source = newSource();
    for (const token of ['token-1', 'token-2', 'token-3']) await credentials.add(source, { token });
    const api = apiNode(ownKey('graph'), upstream.url, withTokens(source, { limits: [{ requests: 4, per: '1h' }] }));
    await using calls = await callsOf(await limits.open(), credentials);

    const answers = await Promise.all(Array.from({ length: 20 }, () => calls.ask([api])));

    assert.equal(answers.filter((answer) => answer === api.name).length, 12, answers.join());
    for (const token of ['token-1', 'token-2', 'token-3']) {
      assert.equal(upstream.arrivals.filter(({ credential }) => credential === token).length, 4);
    }
  });

  test(`${lab.name}: what one process is told by 429 closes the limit for the others at once`, async (context) => {
    await using limits = await lab.open(context);
    if (limits === null) return;
    await using upstream = await openUpstream({ otherwise: json({ ok: true }) });
    await using credentials = await testCredentials();
    const source = newSource();
    await credentials.add(source, { token: 'token-1' });
    const api = apiNode(ownKey('graph'), upstream.url, withTokens(source, { limits: [{ requests: 100, per: '1h' }] }));
    await using here = await callsOf(await limits.open(), credentials);
    await using there = await callsOf(await limits.open(), credentials);
    assert.equal(await there.ask([api]), api.name);

    upstream.answer(tooMany(600));
    const told = await here.ask([api]);
    const closed = await there.ask([api]);

    assert.equal(told, 'RATE_LIMITED');
    assert.ok(['LIMIT_REACHED', 'NO_CREDENTIAL'].includes(closed), closed);
    assert.equal(upstream.arrivals.length, 2);
  });

  test(`${lab.name}: an API without limits behind one that has some is called when that is used up`, async (context) => {
    await using limits = await lab.open(context);
    if (limits === null) return;
    await using upstream = await openUpstream({ otherwise: json({ ok: true }) });
    await using credentials = await testCredentials();
    const limited = apiNode(ownKey('limited'), upstream.url, { limits: [{ requests: 2, per: '1h' }] });
    const free = apiNode(ownKey('free'), upstream.url);
    await using calls = await callsOf(await limits.open(), credentials);

    const answers = [];
    for (let time = 0; time < 4; time++) answers.push(await calls.ask([limited, free]));

    assert.deepEqual(answers, [limited.name, limited.name, free.name, free.name]);
  });
}
