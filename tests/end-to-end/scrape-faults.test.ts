import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import type { Postgres } from '../../framework/connections/postgres.ts';
import { eventId } from '../../framework/scrape/outbox/event-id.ts';
import { openTaskQueue } from '../../framework/scrape/queue/open-task-queue.ts';
import { type CliRun, runCli } from '../support/cli.ts';
import { type Consumed, consumed } from '../support/consumed.ts';
import * as faultProject from '../support/fault-project.ts';
import { openRabbitmq } from '../support/open-rabbitmq.ts';
import { privatePostgres } from '../support/private-postgres.ts';
import { privateRabbit } from '../support/rabbitmq.ts';
import { privateRedis } from '../support/redis.ts';
import { type S3Server, s3Server } from '../support/s3-server.ts';
import { newTask } from '../support/task-queue.ts';
import { until } from '../support/until.ts';
import { breakOff, late, openUpstream, randomOf, reset, status, tooMany, type Upstream } from '../support/upstream.ts';
import { silentLog } from '../support/warehouse.ts';
import { type Fleet, openFleet } from '../support/worker-fleet.ts';

const profiles = 1000;
const versions = [1, 2];
/** A quorum queue that was declared seconds before its server is killed may be gone with it. */
const settleMs = 12_000;

interface Chance {
  /** From 0 to 1. */
  readonly random: () => number;
  /** Lets some time pass: between the two, in ms. */
  readonly pause: (from: number, to: number) => Promise<void>;
}

interface Servers {
  readonly postgres: Awaited<ReturnType<typeof privatePostgres>>;
  readonly redis: NonNullable<Awaited<ReturnType<typeof privateRedis>>>;
  readonly rabbit: NonNullable<Awaited<ReturnType<typeof privateRabbit>>>;
  readonly s3: S3Server;
  readonly upstream: Upstream;
}

test('whatever breaks, every task ends once, within all limits, and nothing that it did is lost', { timeout: 600_000 }, async (context) => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000));
  context.diagnostic(`SEED=${seed}`);
  const chance = chanceOf(seed);
  const redis = await privateRedis(context);
  if (redis === null) return;
  await using opening = new AsyncDisposableStack();
  opening.use(redis);
  const rabbit = await privateRabbit(context);
  if (rabbit === null) return;
  opening.use(rabbit);
  const servers: Servers = {
    postgres: opening.use(await privatePostgres()),
    redis,
    rabbit,
    s3: opening.use(await s3Server()),
    upstream: opening.use(await openUpstream({ otherwise: status(404) })),
  };
  const { postgres, s3, upstream } = servers;
  faultProject.tellProvider(upstream);
  const addresses = { postgres: postgres.url, redis: redis.url, rabbitmq: rabbit.url, s3: s3.url, provider: upstream.url };
  using folder = faultProject.faultProject(addresses);
  await declareQueue(servers);
  const declaredMs = performance.now();
  for (const token of ['hush-1', 'hush-2']) await addCredential(folder.dir, token);
  await enqueueAll(postgres.url, chance);
  const fleet = opening.use(openFleet(2, folder.dir));
  misbehaveALittle(upstream, seed);
  await until(() => upstream.arrivals.length > 200, 'the work does not begin', 120_000);

  const beganMs = performance.now();
  const done = new AbortController();
  const killing = killAtRandom(fleet, chance, done.signal);
  const faults = faultsOf(servers, chance, { seed, rabbitMayDieMs: declaredMs + settleMs });
  for (const fault of shuffled(faults, chance.random)) {
    await fault();
    await chance.pause(200, 1500);
  }
  done.abort();
  const kills = await killing;
  const brokenMs = performance.now();

  await using database = await openDatabase(postgres.url);
  await untilDrained(database);
  const drainedMs = performance.now();
  const runs = await fleet.stop();
  context.diagnostic(`${upstream.arrivals.length} requests, ${kills} kills, ${runs.length} workers`);
  context.diagnostic(`faults for ${seconds(beganMs, brokenMs)}, then drained in ${seconds(brokenMs, drainedMs)}`);
  assertWorkers(runs);
  await assertTasks(database);
  await assertRows(database);
  assertPictures(s3);
  const published = await assertEvents(database, rabbit.url);
  context.diagnostic(`${published.events} events in ${published.deliveries} deliveries`);
  assert.deepEqual(
    upstream.violations.map(({ limit, key, count }) => `${count} requests of ${limit} ${key}`),
    [],
  );
});

function chanceOf(seed: number): Chance {
  const random = randomOf(seed);
  return { random, pause: (from, to) => sleep(from + random() * (to - from)) };
}

const seconds = (fromMs: number, toMs: number): string => `${((toMs - fromMs) / 1000).toFixed(0)} s`;

function shuffled<Value>(values: readonly Value[], random: () => number): Value[] {
  return values
    .map((value) => ({ value, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

function openDatabase(url: string): Promise<Postgres> {
  return openPostgres({ type: 'postgres', url }, { projectDir: '.', maxConnections: 3, log: silentLog });
}

async function declareQueue({ rabbit }: Servers): Promise<void> {
  await using broker = await openRabbitmq(rabbit.url);
  await faultProject.declareEventQueue(broker);
}

async function addCredential(dir: string, token: string): Promise<void> {
  const added = await runCli(['credentials', 'add', 'provider'], { cwd: dir, input: JSON.stringify({ token }) });
  assert.equal(added.exitCode, 0, added.stderr);
}

async function enqueueAll(url: string, { random }: Chance): Promise<void> {
  await using postgres = await openDatabase(url);
  await using queue = await openTaskQueue(postgres);
  await postgres.query('create table public.effect (task_id bigint not null)');
  const all = Array.from({ length: profiles }, (_, profile) =>
    versions.map((version) => ({ profile, version, account: faultProject.accountOf(profile) })),
  ).flat();
  await queue.enqueue(shuffled(all, random).map((params) => newTask({ flow: 'refresh_profile', params, maxAttempts: 100 })));
}

function misbehaveALittle(upstream: Upstream, seed: number): void {
  upstream.misbehave({ seed, share: 0.05, answers: [status(503), reset, breakOff, tooMany(1), late(1500, status(502))] });
}

/** What may happen to the services: each begins and ends well. */
function faultsOf(
  { postgres, redis, rabbit, s3, upstream }: Servers,
  { random, pause }: Chance,
  { seed, rabbitMayDieMs }: { readonly seed: number; readonly rabbitMayDieMs: number },
): readonly (() => Promise<void>)[] {
  const restart = async (server: { start(): Promise<void> }, end: () => Promise<void>): Promise<void> => {
    await end();
    await pause(0, 2500);
    await server.start();
  };
  const storeFails = async (fault: Parameters<S3Server['misbehave']>[0]): Promise<void> => {
    s3.misbehave(fault);
    await pause(1000, 3000);
    s3.misbehave(null);
  };
  return [
    () => restart(postgres, () => postgres.kill()),
    () => restart(postgres, () => postgres.kill()),
    () => restart(redis, () => redis.kill()),
    () => restart(redis, () => redis.stop()),
    async () => void (await redis.run('FLUSHALL')),
    async () => void (await redis.run('FLUSHALL')),
    async () => {
      await sleep(Math.max(0, rabbitMayDieMs - performance.now()));
      await restart(rabbit, () => rabbit.kill());
    },
    () => storeFails((request, response) => void request.resume().once('end', () => response.writeHead(500).end())),
    () => storeFails((_request, _response, serve) => void setTimeout(serve, 500 + random() * 2000)),
    () => storeFails((request) => void request.once('data', () => request.destroy()).once('end', () => request.destroy())),
    () =>
      storeFails((request, _response, serve) => {
        request.once('end', () => request.destroy()); // stored, and the answer is lost
        serve();
      }),
    async () => {
      upstream.misbehave({ seed, share: 1, answers: [reset, status(503), status(500)] });
      await pause(1000, 4000);
      misbehaveALittle(upstream, seed + 1);
    },
  ];
}

/** Kills workers and their children until the signal aborts; gives back how many. Not so many that a flow's children rest for crashing. */
async function killAtRandom(fleet: Fleet, { random, pause }: Chance, signal: AbortSignal): Promise<number> {
  let kills = 0;
  while (!signal.aborted) {
    await pause(500, 3500);
    if (random() < 0.4 ? fleet.killWorker(random) : fleet.killChild(random)) kills++;
  }
  return kills;
}

async function untilDrained(database: Postgres): Promise<void> {
  let left: unknown;
  const isDrained = async (): Promise<boolean> => {
    const [row] = await database.query<{ tasks: number; events: number }>(
      'select (select count(*)::int from gccflow.scrape_request_log) as tasks, (select count(*)::int from gccflow.event_outbox) as events',
    );
    left = row;
    return row?.tasks === 0 && row.events === 0;
  };
  await until(isDrained, () => `there is left: ${JSON.stringify(left)}`, 300_000);
}

/** Those that nobody killed ended in order, and none told a secret. */
function assertWorkers(runs: readonly CliRun[]): void {
  for (const { exitCode, stdout, stderr } of runs) {
    assert.notEqual(exitCode, 70, stderr);
    assert.doesNotMatch(stdout + stderr, /hush/);
  }
}

const wanted = Array.from({ length: profiles }, (_, profile) => profile);
const present = wanted.filter((profile) => !faultProject.isMissing(profile));

async function assertTasks(database: Postgres): Promise<void> {
  const rows = await database.query(
    `select flow, status, count(*)::int as tasks, count(distinct id)::int as ids, count(distinct params::text)::int as subjects
    from gccflow.scrape_request group by 1, 2 order by 1, 2`,
  );
  const count = (n: number) => ({ tasks: n * versions.length, ids: n * versions.length, subjects: n * versions.length });
  assert.deepEqual(rows, [
    { flow: 'refresh_profile', status: 'COMPLETE', ...count(present.length) },
    { flow: 'refresh_profile', status: 'FAILED', ...count(profiles - present.length) },
    { flow: 'store_picture', status: 'COMPLETE', ...count(present.length) },
  ]);
}

async function assertRows(database: Postgres): Promise<void> {
  const rows = await database.query('select profile_id::int, version::int, followers::int from public.profile order by profile_id');
  const newest = Math.max(...versions);
  assert.deepEqual(
    rows,
    present.map((profile) => ({ profile_id: profile, version: newest, followers: faultProject.followersOf(profile, newest) })),
  );
  const tasks = present.length * versions.length;
  const effects = await database.query('select count(*)::int as rows, count(distinct task_id)::int as tasks from public.effect');
  assert.deepEqual(effects, [{ rows: tasks, tasks }]);
  const pictures = await database.query<{ profile: number; url: string }>('select profile::int, url from public.picture');
  assert.equal(pictures.length, tasks);
  for (const { profile, url } of pictures) assert.equal(url, `https://cdn.example.com/${faultProject.pictureKey(profile)}`);
}

function assertPictures({ objects }: S3Server): void {
  assert.equal(objects.size, present.length);
  for (const profile of present) {
    const object = objects.get(`${faultProject.bucket}/${faultProject.pictureKey(profile)}`);
    assert.equal(object && hash('sha256', object.body), faultProject.pictureHash(profile), `picture of ${profile}`);
  }
}

/** Each event of a task that is complete was published, some perhaps twice, but then as the same. */
async function assertEvents(database: Postgres, url: string): Promise<{ readonly events: number; readonly deliveries: number }> {
  const tasks = await database.query<{ id: string }>(
    `select id from gccflow.scrape_request where flow = 'refresh_profile' and status = 'COMPLETE'`,
  );
  const ids = new Set(tasks.flatMap(({ id }) => ['profile_log', 'profile_seen'].map((routingKey) => eventId(id, routingKey, 0))));
  await using broker = await openRabbitmq(url);
  await using events = await consumed(broker, faultProject.eventQueue, { prefetch: 60_000 });
  const bodies = (): Map<string, Set<string>> => bodiesOf(events);
  await until(
    () => bodies().size >= ids.size,
    () => `${bodies().size} of ${ids.size} events are there`,
    60_000,
  );
  await until(async () => (await broker.inspect(faultProject.eventQueue))?.ready === 0, 'the queue is not read to its end', 60_000);
  assert.deepEqual(new Set(bodies().keys()).symmetricDifference(ids), new Set());
  for (const [id, { size }] of bodies()) assert.equal(size, 1, `event ${id} was published with ${size} bodies`);
  for (const { body, messageId } of events.deliveries) assert.equal(JSON.parse(body.toString()).event_id, messageId);
  return { events: ids.size, deliveries: events.deliveries.length };
}

/** What came under each message id. */
function bodiesOf({ deliveries }: Consumed): Map<string, Set<string>> {
  const groups = Map.groupBy(deliveries, ({ messageId }) => messageId ?? '');
  return new Map([...groups].map(([id, group]) => [id, new Set(group.map(({ body }) => body.toString()))]));
}
