import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Limiter, LimitRequest } from '../../../framework/scrape/limits/limiter.ts';
import {
  type Admission,
  admittedOf,
  callOf,
  centuryMs,
  fixed,
  mostWithin,
  noteAdmission,
  ownKey,
  type RedisLab,
  redisLab,
  sliding,
} from '../../support/limits.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { privateRedis } from '../../support/redis.ts';
import { until } from '../../support/until.ts';

const hourMs = 3_600_000;
/** So that `stop` writes a snapshot. */
const snapshots = { args: ['--save', '3600', '1'] };
const appendOnly = { args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] };

/** Asks until somebody answers. */
async function whenBack(limiter: Limiter, request: LimitRequest): Promise<boolean> {
  let admitted = false;
  await until(async () => {
    try {
      admitted = (await limiter.ask(request)).admitted;
      return true;
    } catch {
      return false;
    }
  });
  return admitted;
}

const losses: readonly { readonly name: string; readonly settings: { args?: readonly string[] }; lose(lab: RedisLab): Promise<void> }[] = [
  { name: 'flushed', settings: {}, lose: async ({ redis }) => void (await redis.run('FLUSHALL')) },
  {
    name: 'restarted with nothing kept',
    settings: {},
    lose: async ({ redis }) => {
      await redis.kill();
      await redis.start();
    },
  },
  {
    name: 'restarted from a snapshot of its end',
    settings: snapshots,
    lose: async ({ redis }) => {
      await redis.stop();
      await redis.start();
    },
  },
  {
    name: 'killed, and restarted with its append-only file',
    settings: appendOnly,
    lose: async ({ redis }) => {
      await redis.kill();
      await redis.start();
    },
  },
];

for (const { name, settings, lose } of losses) {
  test(`a long window is not exceeded by a Redis that is ${name}, and little of it is given away`, async (context) => {
    await using lab = await redisLab(context, settings);
    if (lab === null) return;
    const limiter = await lab.open();
    const levels = [sliding(ownKey('hour'), 200, hourMs), fixed(ownKey('century'), 200, centuryMs)];
    let total = await admittedOf(limiter, callOf(...levels), 51);

    await lose(lab);
    if (await whenBack(limiter, callOf(...levels))) total++;
    total += await admittedOf(limiter, callOf(...levels), 250);

    assert.ok(total <= 200 && total >= 196, `${total} calls`);
  });
}

test('an old snapshot does not bring back calls that were spent since', async (context) => {
  await using lab = await redisLab(context, snapshots);
  if (lab === null) return;
  const limiter = await lab.open();
  const request = callOf(sliding(ownKey('hour'), 100, hourMs));
  let total = await admittedOf(limiter, request, 10);
  await lab.redis.run('SAVE');
  total += await admittedOf(limiter, request, 60);

  await lab.redis.kill();
  await lab.redis.start();
  if (await whenBack(limiter, request)) total++;
  total += await admittedOf(limiter, request, 100);

  assert.ok(total <= 100 && total >= 98, `${total} calls`);
});

test('an old primary that still answers is granted nothing more of a long window when another Redis has taken its place', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  await using promoted = await privateRedis(context);
  if (promoted === null) return;
  const log = recordingLog();
  const isolated = await lab.open({ log });
  const request = callOf(sliding(ownKey('hour'), 200, hourMs));
  let total = await admittedOf(isolated, request, 51);
  const other = await lab.open({ url: promoted.url });
  total += await admittedOf(other, request, 50);

  const asks = Array.from({ length: 20 }, () => isolated.ask(request));
  const answers = await Promise.allSettled(asks);
  total += answers.filter(({ status, ...rest }) => status === 'fulfilled' && 'value' in rest && rest.value.admitted).length;
  const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [String(answer.reason.message)] : []));
  total += await admittedOf(other, request, 200);

  assert.ok(refused.length >= 18, `${refused.length} of 20`);
  assert.match(refused[0] ?? '', /^redis at 127\.0\.0\.1:\d+ is not the Redis that counts any more/i);
  assert.ok(total <= 200 && total >= 196, `${total} calls`);
  assert.deepEqual(log.messages('warn'), ['limiter connection lost']);
});

test('an old primary that still answers and another Redis never let a short window hold what both would', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  await using promoted = await privateRedis(context);
  if (promoted === null) return;
  const level = sliding(ownKey('short'), 20, 500);
  const admissions: Admission[] = [];
  const ending = new AbortController();
  const hammer = async (limiter: Limiter): Promise<void> => {
    while (!ending.signal.aborted) if (!(await noteAdmission(limiter, callOf(level), admissions))) await sleep(2);
  };
  const isolated = await Promise.all([lab.open(), lab.open(), lab.open()]);
  const hammering = isolated.map((limiter) => hammer(limiter));
  await until(() => admissions.length > 40, 'calls are let through by the old primary');

  const other = await lab.open({ url: promoted.url });
  const before = performance.now();
  hammering.push(hammer(other));
  await until(() => admissions.filter(({ asked }) => asked > before + 3000).length > 40, 'calls are let through by the new one');
  ending.abort();
  await Promise.all(hammering);

  assert.ok(mostWithin(500, admissions) <= 20, `${mostWithin(500, admissions)} of 20`);
  for (const limiter of isolated) await assert.rejects(limiter.ask(callOf(level)), { code: 'LIMITER_UNREACHABLE' });
  assert.equal((await other.inspect([level])).length, 1);
});

test('a short window counts as full for its length after a loss, and is whole again then', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  const limiter = await lab.open();
  const level = sliding(ownKey('short'), 5, 1000);
  const admissions: Admission[] = [];
  for (let time = 0; time < 5; time++) await noteAdmission(limiter, callOf(level), admissions);

  await lab.redis.run('FLUSHALL');
  const answer = await limiter.ask(callOf(level));
  assert.ok(!answer.admitted && answer.waitMs > 0 && answer.waitMs <= 1000);
  await until(() => noteAdmission(limiter, callOf(level), admissions));

  assert.equal(await admittedOf(limiter, callOf(level), 4), 4);
  assert.ok(mostWithin(1000, admissions) <= 5);
});

test('a loss is said, and one process restores the counts for all', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  const log = recordingLog();
  const clients = await Promise.all(Array.from({ length: 6 }, () => lab.open({ log })));
  const request = callOf(sliding(ownKey('hour'), 100, hourMs));
  await Promise.all(clients.map((client) => client.ask(request)));

  await lab.redis.run('FLUSHALL');
  await Promise.all(clients.map((client) => client.ask(request)));

  assert.deepEqual(log.messages('warn'), ['limiter had lost its counts: they were restored']);
  assert.match(String(await lab.redis.run('GET', `${lab.prefix}:limits:epoch`)), /^2 /);
});

test('what a provider closed stays closed through a loss', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  const limiter = await lab.open();
  const level = sliding(ownKey('closed'), 10, hourMs);
  await limiter.close(level.key, 600_000);

  await lab.redis.run('FLUSHALL');
  const answer = await limiter.ask(callOf(level));

  assert.ok(!answer.admitted && answer.waitMs > 590_000);
});

test('counts that were restored are lost and restored again', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  const limiter = await lab.open();
  const request = callOf(sliding(ownKey('hour'), 50, hourMs));
  let total = 0;

  for (let loss = 0; loss < 3; loss++) {
    total += await admittedOf(limiter, request, 14);
    await lab.redis.run('FLUSHALL');
  }
  total += await admittedOf(limiter, request, 50);

  assert.equal(total, 50);
});

test('a restorer that was overtaken by another loss puts nothing back', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  const [slow, fast] = await Promise.all([lab.open(), lab.open()]);
  const request = callOf(sliding(ownKey('hour'), 60, hourMs));
  let total = await admittedOf(fast, request, 10);

  for (let loss = 0; loss < 3; loss++) {
    await lab.redis.run('FLUSHALL');
    const asking = [slow.ask(request), fast.ask(request)];
    await lab.redis.run('FLUSHALL');
    for (const answer of await Promise.all(asking)) if (answer.admitted) total++;
    total += await admittedOf(fast, request, 2);
  }
  total += await admittedOf(slow, request, 60);

  assert.ok(total <= 60, `${total} calls`);
});

test('a clock of Redis that went back a little stands still, and one that went back far begins anew', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  const limiter = await lab.open();
  const [short, long] = [sliding(ownKey('short'), 5, 30_000), sliding(ownKey('long'), 10, hourMs)];
  const aheadBy = async (ms: number): Promise<void> => {
    await lab.redis.run('SET', `${lab.prefix}:limits:clock`, String((Date.now() + ms) * 1000));
  };
  await limiter.ask(callOf(short, long));

  await aheadBy(20_000);
  assert.equal(await admittedOf(limiter, callOf(short, long), 10), 4);
  await aheadBy(600_000);
  const answer = await limiter.ask(callOf(short));

  assert.ok(!answer.admitted && answer.waitMs <= 30_000);
  assert.equal(await admittedOf(limiter, callOf(long), 10), 5);
});

test('a Redis that is killed, flushed and restarted under load never lets a window be exceeded', async (context) => {
  await using lab = await redisLab(context, appendOnly);
  if (lab === null) return;
  const clients = await Promise.all(Array.from({ length: 4 }, () => lab.open()));
  const [short, long] = [sliding(ownKey('short'), 40, 400), sliding(ownKey('long'), 3000, hourMs)];
  const admissions: Admission[] = [];
  const ending = new AbortController();
  const hammer = async (limiter: Limiter): Promise<void> => {
    while (!ending.signal.aborted) {
      const isAdmitted = await noteAdmission(limiter, callOf(short, long), admissions);
      if (!isAdmitted) await sleep(5);
    }
  };
  const hammering = clients.flatMap((client) => [hammer(client), hammer(client)]);

  for (const fault of ['kill', 'flush', 'kill', 'stop', 'flush'] as const) {
    const before = admissions.length;
    await until(() => admissions.length > before + 60, 'calls are let through again');
    if (fault === 'flush') await lab.redis.run('FLUSHALL');
    else {
      await lab.redis[fault]();
      await lab.redis.start();
    }
  }
  const before = admissions.length;
  await until(() => admissions.length > before + 60, 'calls are let through again');
  ending.abort();
  await Promise.all(hammering);

  assert.ok(mostWithin(400, admissions) <= 40, `${mostWithin(400, admissions)} of 40`);
  const [state] = await (clients[0] as Limiter).inspect([long]);
  assert.ok((state?.used ?? 0) >= admissions.length, `${state?.used} are counted, ${admissions.length} were let through`);
});
