import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Postgres } from '../../../framework/connections/postgres.ts';
import { GccflowError } from '../../../framework/foundation/error.ts';
import { faultProxy } from '../../support/fault-proxy.ts';
import { admittedOf, callOf, ownKey, redisLab, sliding } from '../../support/limits.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { until } from '../../support/until.ts';

const unreachable = { code: 'LIMITER_UNREACHABLE' } as const;

test('a Redis that is away refuses at once, and is found again when it is back', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  const log = recordingLog();
  const limiter = await lab.open({ log });
  const request = callOf(sliding(ownKey('short'), 5, 1000));
  await limiter.ask(request);

  await lab.redis.kill();
  await until(() => log.messages('warn').length > 0);
  const begun = performance.now();
  await assert.rejects(limiter.ask(request), unreachable);
  assert.ok(performance.now() - begun < 2000);
  await lab.redis.start();

  await until(async () => (await limiter.ask(request).catch(() => null))?.admitted === true);
  assert.deepEqual(log.messages(), [
    'limiter connection lost',
    'limiter connection restored',
    'limiter had lost its counts: they were restored',
  ]);
});

test('a limiter opens while its Redis is away, and counts when it comes', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  await lab.redis.kill();

  const limiter = await lab.open();
  const request = callOf(sliding(ownKey('short'), 5, 1000));
  await assert.rejects(limiter.ask(request), unreachable);
  await lab.redis.start();

  await until(async () => (await limiter.ask(request).catch(() => null))?.admitted === true);
});

test('a call whose answer is lost counts, and is not asked again', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  await using proxy = await faultProxy(lab.redis.port);
  const [behind, direct] = [await lab.open({ url: `redis://127.0.0.1:${proxy.port}` }), await lab.open()];
  const level = sliding(ownKey('hour'), 1000, 3_600_000);
  await behind.ask(callOf(level));

  proxy.fault(({ direction }) => (direction === 'answer' ? 'cut' : 'pass'));
  await assert.rejects(behind.ask(callOf(level)), unreachable);
  proxy.heal();

  assert.equal((await direct.inspect([level]))[0]?.used, 2);
  await until(async () => (await behind.ask(callOf(level)).catch(() => null))?.admitted === true);
  assert.equal((await direct.inspect([level]))[0]?.used, 3);
});

test('a connection that passes nothing any more is given up after some seconds', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  await using proxy = await faultProxy(lab.redis.port);
  const limiter = await lab.open({ url: `redis://127.0.0.1:${proxy.port}` });
  const request = callOf(sliding(ownKey('short'), 100, 30_000));
  await limiter.ask(request);

  proxy.fault(() => 'hole');
  await assert.rejects(limiter.ask(request), { ...unreachable, message: /did not answer in time/ });
  proxy.heal();

  await until(async () => (await limiter.ask(request).catch(() => null))?.admitted === true);
});

test('without PostgreSQL no call is let through that it must know of, and short windows go on', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  let isAway = false;
  const postgres: Postgres = Object.create(lab.postgres, {
    query: {
      value: (sql: string, params?: readonly unknown[]) =>
        isAway ? Promise.reject(new GccflowError('POSTGRES_UNREACHABLE', 'PostgreSQL does not answer.')) : lab.postgres.query(sql, params),
    },
  });
  const limiter = await lab.open({ postgres });
  const [short, long] = [sliding(ownKey('short'), 100, 30_000), sliding(ownKey('long'), 500, 3_600_000)];
  await limiter.ask(callOf(short, long));

  isAway = true;
  assert.equal(await admittedOf(limiter, callOf(long), 4), 4, 'the rest of the block');
  await assert.rejects(limiter.ask(callOf(short, long)), unreachable);
  assert.equal(await admittedOf(limiter, callOf(short), 10), 10);
  isAway = false;

  assert.ok((await limiter.ask(callOf(short, long))).admitted);
  assert.deepEqual(
    (await limiter.inspect([short, long])).map(({ used }) => used),
    [12, 6],
  );
});

test('a primary that becomes a replica is away', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;
  const limiter = await lab.open();
  const request = callOf(sliding(ownKey('short'), 100, 1000));
  await limiter.ask(request);

  await lab.redis.run('REPLICAOF', '127.0.0.1', '1');
  await assert.rejects(limiter.ask(request), { ...unreachable, message: /replica/ });
  await until(
    async () => (await limiter.ask(request).catch((thrown: Error) => thrown.message))?.toString().includes('counts are kept by') === true,
  );
});

test('a password that is refused is said, and never printed', async (context) => {
  await using lab = await redisLab(context, { password: 'right' });
  if (lab === null) return;
  const log = recordingLog();
  const limiter = await lab.open({ url: lab.redis.url.replace('right', 'wr0ng-one'), log });

  const thrown = await limiter.ask(callOf(sliding(ownKey('a'), 1, 1000))).catch((error: unknown) => error);

  assert.ok(thrown instanceof GccflowError);
  assert.match(thrown.message, /refuses the user or the password/);
  assert.doesNotMatch(JSON.stringify([thrown.message, thrown.hint, thrown.cause, log.lines]), /wr0ng-one/);
});

test('a url that is none is refused without being printed', async (context) => {
  await using lab = await redisLab(context);
  if (lab === null) return;

  for (const url of ['http://u:s3cret@h', 's3cret', 'redis://u:s3cret@h/abc', 'redis://u:s3cret%@h']) {
    await assert.rejects(lab.open({ url }), (thrown: unknown) => {
      assert.ok(thrown instanceof GccflowError && thrown.code === 'LIMITER_UNREACHABLE');
      assert.doesNotMatch(`${thrown.message} ${thrown.hint}`, /s3cret/);
      return true;
    });
  }
});

test('a Redis that may throw counts away is warned of', async (context) => {
  await using lab = await redisLab(context, { args: ['--maxmemory-policy', 'allkeys-lru'] });
  if (lab === null) return;
  const log = recordingLog();

  await lab.open({ log });

  assert.match(log.messages('warn').join(), /maxmemory-policy/);
});

test('the node of a cluster that holds the keys is found', async (context) => {
  await using lab = await redisLab(context, { args: ['--cluster-enabled', 'yes'] });
  await using other = await redisLab(context, { args: ['--cluster-enabled', 'yes'] });
  if (lab === null || other === null) return;
  await other.redis.run('CLUSTER', 'ADDSLOTSRANGE', 0, 16383);
  const isOk = async ({ redis }: typeof lab): Promise<boolean> => String(await redis.run('CLUSTER', 'INFO')).includes('cluster_state:ok');
  // A first contact may be lost, and nobody repeats it.
  const meet = async (): Promise<boolean> => {
    await lab.redis.run('CLUSTER', 'MEET', '127.0.0.1', other.redis.port);
    return (await isOk(lab)) && (await isOk(other));
  };
  await until(meet, 'the nodes do not find each other', 60_000);

  const limiter = await lab.open();

  assert.equal(await admittedOf(limiter, callOf(sliding(ownKey('hour'), 3, 3_600_000)), 5), 3);
});
