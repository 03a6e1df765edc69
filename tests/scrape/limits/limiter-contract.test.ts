import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admittedOf, callOf, centuryMs, fixed, labs, ownKey, sliding } from '../../support/limits.ts';
import { until } from '../../support/until.ts';

const minuteMs = 60_000;

for (const { name, open } of labs) {
  test(`${name}: a level lets as many calls through as it says, and names itself then`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const key = ownKey('minute');
    const request = callOf(sliding(key, 3, minuteMs));

    assert.equal(await admittedOf(limiter, request, 3), 3);
    const answer = await limiter.ask(request);

    assert.ok(!answer.admitted);
    assert.equal(answer.key, key);
    assert.ok(answer.waitMs > 0 && answer.waitMs <= minuteMs);
  });

  test(`${name}: all levels are taken or none`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const day = sliding(ownKey('day'), 1000, 86_400_000);
    const minute = fixed(ownKey('minute'), 100, centuryMs);
    const handle = sliding(ownKey('handle'), 1, minuteMs);

    assert.equal(await admittedOf(limiter, callOf(day, minute, handle), 5), 1);

    assert.deepEqual(
      (await limiter.inspect([day, minute, handle])).map(({ used }) => used),
      [1, 1, 1],
    );
  });

  test(`${name}: of several choices the first that lets the call through is taken`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const all = sliding(ownKey('all'), 10, minuteMs);
    const [first, second] = [sliding(ownKey('first'), 1, minuteMs), sliding(ownKey('second'), 2, 30_000)];
    const request = { levels: [all], choices: [[first], [second]] };

    const answers = [];
    for (let time = 0; time < 4; time++) answers.push(await limiter.ask(request));

    assert.deepEqual(
      answers.slice(0, 3).map((answer) => answer.admitted && answer.choice),
      [0, 1, 1],
    );
    const last = answers[3];
    assert.ok(last !== undefined && !last.admitted);
    assert.equal(last.key, second.key, 'it frees first');
    assert.ok(last.waitMs <= 30_000);
    assert.deepEqual(
      (await limiter.inspect([all, first, second])).map(({ used }) => used),
      [3, 1, 2],
    );
  });

  test(`${name}: a choice without levels is always open`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const request = { levels: [], choices: [[sliding(ownKey('first'), 1, minuteMs)], []] };

    const answers = [await limiter.ask(request), await limiter.ask(request)];

    assert.deepEqual(answers, [
      { admitted: true, choice: 0 },
      { admitted: true, choice: 1 },
    ]);
  });

  test(`${name}: levels of one key with one window count once, and the stricter holds`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const key = ownKey('same');
    const request = { levels: [sliding(key, 5, minuteMs), sliding(key, 3, minuteMs)], choices: [[sliding(key, 2, minuteMs)]] };

    assert.equal(await admittedOf(limiter, request, 4), 2);

    const [state] = await limiter.inspect([sliding(key, 5, minuteMs)]);
    assert.equal(state?.used, 2);
    assert.equal(await admittedOf(limiter, callOf(sliding(key, 5, minuteMs)), 5), 3, 'others of the key share the count');
  });

  test(`${name}: windows of two lengths hold for one key, each for itself`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const key = ownKey('key');

    assert.equal(await admittedOf(limiter, callOf(sliding(key, 10, 3_600_000), sliding(key, 4, minuteMs)), 6), 4);
  });

  test(`${name}: a call is let through when the wait that was told is over, and not before`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const request = callOf(sliding(ownKey('short'), 1, 300));
    assert.ok((await limiter.ask(request)).admitted);

    const begun = performance.now();
    const answer = await limiter.ask(request);
    assert.ok(!answer.admitted);
    await until(async () => (await limiter.ask(request)).admitted);

    assert.ok(performance.now() - begun >= answer.waitMs - 5, 'the wait is no longer than needed');
  });

  test(`${name}: a fixed window begins anew at a multiple of its length`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const level = fixed(ownKey('fixed'), 5, centuryMs);

    assert.equal(await admittedOf(limiter, callOf(level), 7), 5);
    const [state] = await limiter.inspect([level]);

    assert.equal(state?.used, 5);
    assert.ok(Math.abs((state?.waitMs ?? 0) - (centuryMs - (Date.now() % centuryMs))) < 60_000);
  });

  test(`${name}: a closed key lets nothing through, for every client at once, and the longer closing stays`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const [one, other] = [await lab.open(), await lab.open()];
    const level = sliding(ownKey('closed'), 10, minuteMs);

    await one.close(level.key, 120_000);
    await one.close(level.key, 1000);
    const answer = await other.ask(callOf(level));

    assert.ok(!answer.admitted);
    assert.ok(answer.waitMs > 100_000 && answer.waitMs <= 120_000);
    const [state] = await other.inspect([level]);
    assert.ok((state?.closedForMs ?? 0) > 100_000);
    assert.equal(state?.used, 0);
  });

  test(`${name}: a closing ends by itself`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const level = sliding(ownKey('closed'), 10, minuteMs);
    await limiter.close(level.key, 100);

    await until(async () => (await limiter.ask(callOf(level))).admitted);

    assert.equal((await limiter.inspect([level]))[0]?.closedForMs, null);
  });

  test(`${name}: what a provider says is left only ever narrows`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const [one, other] = [await lab.open(), await lab.open()];
    const level = sliding(ownKey('narrow'), 100, minuteMs);

    await one.narrow(level, 5, 50_000);
    await one.narrow(level, 90, 40_000);
    await one.narrow(level, 1000, 50_000);

    assert.equal(await admittedOf(other, callOf(level), 8), 5);
    const answer = await other.ask(callOf(level));
    assert.ok(!answer.admitted && answer.waitMs > 30_000 && answer.waitMs <= 50_000);
  });

  test(`${name}: a narrowing ends by itself, and others that are stricter for a shorter time hold meanwhile`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const level = sliding(ownKey('narrow'), 100, minuteMs);
    await limiter.narrow(level, 8, 50_000);
    await limiter.narrow(level, 0, 200);

    await until(async () => (await limiter.ask(callOf(level))).admitted);

    assert.equal(await admittedOf(limiter, callOf(level), 20), 7);
  });

  test(`${name}: clients share counts`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const clients = await Promise.all([lab.open(), lab.open(), lab.open()]);
    const request = callOf(sliding(ownKey('shared'), 10, minuteMs));

    const admitted = await Promise.all(clients.map((client) => admittedOf(client, request, 10)));

    assert.equal(
      admitted.reduce((sum, count) => sum + count, 0),
      10,
    );
  });

  test(`${name}: levels that were counted are known`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const levels = [sliding(ownKey('a:b'), 5, minuteMs), fixed(ownKey('c'), 5, 3_600_000)];
    await limiter.ask(callOf(...levels));

    const known = await limiter.known(10_000);

    for (const { key, perMs, window } of levels) {
      assert.ok(known.some((level) => level.key === key && level.perMs === perMs && level.window === window));
    }
  });
}
