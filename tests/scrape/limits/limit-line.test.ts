import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GccflowError } from '../../../framework/foundation/error.ts';
import { limitLine } from '../../../framework/scrape/limits/limit-line.ts';
import { type LimitAnswer, type Limiter, type LimitLine, type LimitRequest, LimitWait } from '../../../framework/scrape/limits/limiter.ts';
import { callOf, labs, ownKey, sliding } from '../../support/limits.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { until } from '../../support/until.ts';
import { silentLog } from '../../support/warehouse.ts';

const patient = { maxWaitMs: 60_000, signal: new AbortController().signal };

/** A limiter that answers as told, and notes who asked. */
function scripted(answer: (request: LimitRequest, asks: number) => LimitAnswer | Promise<LimitAnswer>) {
  const asked: LimitRequest[] = [];
  const limiter: Pick<Limiter, 'ask'> = {
    ask: async (request) => {
      asked.push(request);
      return answer(request, asked.length);
    },
  };
  return { limiter, asked };
}

function lineOf(limiter: Pick<Limiter, 'ask'>, whenAway: 'fail_closed' | 'fail_open' = 'fail_closed', log = silentLog): LimitLine {
  return limitLine({ limiter, whenAway, log });
}

const admitted: LimitAnswer = { admitted: true, choice: 0 };
const away = () => Promise.reject(new GccflowError('LIMITER_UNREACHABLE', 'it is gone.'));
const waitOf = (thrown: unknown): LimitWait => {
  assert.ok(thrown instanceof LimitWait);
  return thrown;
};

test('a call that is let through at once does not wait', async () => {
  const { limiter, asked } = scripted(() => ({ admitted: true, choice: 2 }));

  assert.equal(await lineOf(limiter).pass(callOf(sliding('a', 1, 1000)), patient), 2);
  assert.equal(asked.length, 1);
});

test('a call without limits asks nobody', async () => {
  const { limiter, asked } = scripted(() => admitted);

  assert.equal(await lineOf(limiter).pass(callOf(), patient), 0);
  assert.equal(asked.length, 0);
});

test('those who wait for a key are let through in the order of their coming', async () => {
  const { limiter } = scripted((_request, asks) => (asks % 3 === 0 ? admitted : { admitted: false, waitMs: 5, key: 'a' }));
  const line = lineOf(limiter);
  const order: number[] = [];

  await Promise.all(
    Array.from({ length: 20 }, async (_, place) => {
      await line.pass(callOf(sliding('a', 1, 1000)), patient);
      order.push(place);
    }),
  );

  assert.deepEqual(
    order,
    Array.from({ length: 20 }, (_, place) => place),
  );
});

test('one of those who wait for a key asks at a time', async () => {
  let asking = 0;
  let most = 0;
  const { limiter } = scripted(async () => {
    most = Math.max(most, ++asking);
    await new Promise(setImmediate);
    asking--;
    return admitted;
  });
  const line = lineOf(limiter);

  await Promise.all(Array.from({ length: 50 }, () => line.pass(callOf(sliding('a', 1, 1000)), patient)));

  assert.equal(most, 1);
});

test('a call that waits for its own key does not hold up others of a common key', async () => {
  const { limiter, asked } = scripted(({ levels }) =>
    levels[1]?.key === 'blocked' ? { admitted: false, waitMs: 600_000, key: 'blocked' } : admitted,
  );
  const line = lineOf(limiter);
  const stop = new AbortController();
  const day = sliding('day', 100, 1000);

  const blocked = line.pass(callOf(day, sliding('blocked', 1, 1000)), { maxWaitMs: 3_600_000, signal: stop.signal });
  for (const key of ['b', 'c', 'd']) await line.pass(callOf(day, sliding(key, 1, 1000)), patient);

  assert.equal(asked.length, 4);
  stop.abort(new Error('enough'));
  await assert.rejects(blocked, /enough/);
});

test('for a used-up key nobody asks before the time that was told', async () => {
  const { limiter, asked } = scripted((_request, asks) => (asks === 1 ? { admitted: false, waitMs: 200, key: 'a' } : admitted));
  const line = lineOf(limiter);
  const request = callOf(sliding('a', 1, 1000));
  const begun = performance.now();

  const passing = Array.from({ length: 30 }, () => line.pass(request, patient));
  await until(() => asked.length === 1);
  await passing[0];

  assert.ok(performance.now() - begun >= 195);
  await Promise.all(passing);
  assert.equal(asked.length, 31, 'each asks once, the first twice');
});

test('a call that would wait too long is given back at once, with the key and the time', async () => {
  const { limiter, asked } = scripted(() => ({ admitted: false, waitMs: 600_000, key: 'a' }));
  const line = lineOf(limiter);
  const request = callOf(sliding('a', 1, 1000));

  const thrown = await Promise.all(
    Array.from({ length: 100 }, () => line.pass(request, { maxWaitMs: 2000, signal: patient.signal }).catch(waitOf)),
  );

  for (const wait of thrown) {
    assert.ok(wait instanceof LimitWait);
    assert.equal(wait.key, 'a');
    assert.ok(wait.waitMs > 500_000 && wait.waitMs <= 600_000);
  }
  assert.equal(asked.length, 1, 'no herd');
});

test('calls with the same choices wait for each other', async () => {
  const { limiter, asked } = scripted(() => ({ admitted: false, waitMs: 600_000, key: 'credential_2' }));
  const line = lineOf(limiter);
  const [one, two] = [sliding('credential_1', 1, 1000), sliding('credential_2', 1, 1000)];

  const waits = [[one], [two]].map((first, index, both) =>
    line.pass({ levels: [], choices: [first, both[1 - index] ?? []] }, { maxWaitMs: 10, signal: patient.signal }).catch(waitOf),
  );

  assert.deepEqual(
    (await Promise.all(waits)).map((wait) => wait instanceof LimitWait && wait.key),
    ['credential_2', 'credential_2'],
  );
  assert.equal(asked.length, 1);
});

test('a call that is aborted leaves the line, and the next one has its place', async () => {
  const { limiter } = scripted((_request, asks) => (asks === 1 ? { admitted: false, waitMs: 100, key: 'a' } : admitted));
  const line = lineOf(limiter);
  const stop = new AbortController();
  const request = callOf(sliding('a', 1, 1000));

  const first = line.pass(request, { maxWaitMs: 60_000, signal: stop.signal });
  const second = line.pass(request, patient);
  stop.abort(new Error('stopped'));

  await assert.rejects(first, /stopped/);
  assert.equal(await second, 0);
});

test('a signal that is aborted already lets nothing be asked', async () => {
  const { limiter, asked } = scripted(() => admitted);

  await assert.rejects(
    lineOf(limiter).pass(callOf(sliding('a', 1, 1)), { maxWaitMs: 1, signal: AbortSignal.abort(new Error('no')) }),
    /no/,
  );
  assert.equal(asked.length, 0);
});

test('LIMITER_UNREACHABLE with fail_closed gives calls back, and for some time nobody asks', async () => {
  const { limiter, asked } = scripted(away);
  const log = recordingLog();
  const line = lineOf(limiter, 'fail_closed', log);

  const thrown = await Promise.all(Array.from({ length: 50 }, () => line.pass(callOf(sliding('a', 1, 1000)), patient).catch(waitOf)));

  for (const wait of thrown) assert.ok(wait instanceof LimitWait && wait.key === null && wait.waitMs > 0);
  assert.equal(asked.length, 1);
  assert.deepEqual(log.messages(), ['limiter away: calls wait']);
});

test('with fail_open calls pass uncounted while the limiter is away, with one line for each outage', async () => {
  let isAway = true;
  const { limiter } = scripted(() => (isAway ? away() : admitted));
  const log = recordingLog();
  const line = lineOf(limiter, 'fail_open', log);
  const request = callOf(sliding('a', 1, 1000));

  for (let time = 0; time < 20; time++) assert.equal(await line.pass(request, patient), 0);
  isAway = false;
  await until(async () => {
    await line.pass(request, patient);
    return log.lines.length === 2;
  });

  assert.deepEqual(log.messages(), ['limiter away: calls were let through uncounted', 'limiter back']);
});

test('an error that is no outage is thrown to who asked', async () => {
  const { limiter } = scripted((_request, asks) => (asks === 1 ? Promise.reject(new TypeError('a bug')) : admitted));
  const line = lineOf(limiter);
  const request = callOf(sliding('a', 1, 1000));

  const [first, second] = [line.pass(request, patient), line.pass(request, patient)];

  await assert.rejects(first, /a bug/);
  assert.equal(await second, 0);
});

for (const { name, open } of labs) {
  test(`${name}: a line lets through as many as the window allows, in order, and asks no more than once in vain each time`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    let asks = 0;
    const line = lineOf({
      ask: (request) => {
        asks++;
        return limiter.ask(request);
      },
    });
    const request = callOf(sliding(ownKey('line'), 5, 300));
    const order: number[] = [];
    const begun = performance.now();

    await Promise.all(
      Array.from({ length: 20 }, async (_, place) => {
        await line.pass(request, patient);
        order.push(place);
      }),
    );

    assert.ok(performance.now() - begun >= 895, 'four windows');
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    assert.ok(asks <= 60, `${asks} asks`);
  });
}
