import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { Broker } from '../../framework/connections/broker.ts';
import { isAlive } from '../../framework/connections/is-alive.ts';
import { openBroker } from '../../framework/connections/open-broker.ts';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import { type BrokerAddress, brokerPlaces, openAt } from '../support/broker-places.ts';
import { consumed } from '../support/consumed.ts';
import { faultProxy } from '../support/fault-proxy.ts';
import { embeddedConfig } from '../support/postgres.ts';
import { recordingLog } from '../support/recording-log.ts';
import { needs } from '../support/services.ts';
import { until } from '../support/until.ts';
import { silentLog } from '../support/warehouse.ts';

const patient = { window: 1_000, confirmMs: 30_000 };

async function declareQueue(broker: Broker): Promise<string> {
  const name = `q_${randomUUID().slice(0, 8)}`;
  await broker.declare({ exchanges: [], queues: [{ name, type: 'quorum', delay: null }], bindings: [] });
  return name;
}

async function fill(broker: Broker, queue: string, bodies: readonly (string | Buffer)[]): Promise<void> {
  await using publisher = await broker.publisher(patient);
  const all = bodies.map((body, index) =>
    publisher.publish({ exchange: '', routingKey: queue, body: Buffer.from(body), messageId: `${index}` }),
  );
  await Promise.all(all);
}

const numbered = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, index) => `${from + index}`);

/** An embedded server of this test's own, which may be killed. */
function freshAddress(opening: DisposableStack): BrokerAddress {
  const projectDir = mkdtempSync(join(tmpdir(), 'gccflow-broker-'));
  opening.defer(() => rmSync(projectDir, { recursive: true, force: true }));
  chmodSync(projectDir, 0o711);
  return { config: { type: 'embedded' }, postgres: embeddedConfig, projectDir };
}

/** A process that holds `count` deliveries of a queue. */
async function holdElsewhere(address: BrokerAddress, queue: string, count: number): Promise<ChildProcess> {
  const program = join(import.meta.dirname, '../support/hold-deliveries.ts');
  const holder = spawn(process.execPath, [program, JSON.stringify(address), queue, `${count}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(holder.stdout, 'data');
  assert.equal(String(said), 'held\n');
  return holder;
}

test('large messages are claimed a few at once', async (context) => {
  const { address } = (await brokerPlaces.embedded(context)) ?? assert.fail();
  await using broker = await openAt(address);
  const queue = await declareQueue(broker);
  await fill(
    broker,
    queue,
    Array.from({ length: 60 }, () => Buffer.alloc(1024 * 1024)),
  );

  let [taken, atOnce, most] = [0, 0, 0];
  await using _consumer = await broker.consume(queue, {
    prefetch: 1000,
    onDelivery: () => {
      if (atOnce++ === 0) setImmediate(() => (atOnce = 0));
      most = Math.max(most, atOnce);
      taken++;
    },
    onLost: () => {},
  });
  await until(
    () => taken === 60,
    () => `${taken} of 60 came`,
  );

  assert.ok(most <= 16, `${most} at once`);
});

test('what a killed process held comes back, what a living one holds does not', async (context) => {
  const { address } = (await brokerPlaces.embedded(context)) ?? assert.fail();
  await using one = await openAt(address);
  await using two = await openAt(address);
  const queue = await declareQueue(one);
  await fill(one, queue, numbered(0, 10));
  await using living = await consumed(one, queue, { prefetch: 5 });
  await living.have(5);
  const holder = await holdElsewhere(address, queue, 5);
  await using waiting = await consumed(two, queue);

  holder.kill('SIGKILL');
  await waiting.have(5);
  // A second death is noticed by a later look, and still brings nothing of the living one.
  waiting.consumer.requeue(waiting.deliveries);
  await waiting.have(10);
  const state = await two.inspect(queue);

  assert.deepEqual([...waiting.bodies()].sort(), [...numbered(5, 10), ...numbered(5, 10)].sort());
  assert.deepEqual([state?.ready, state?.unacked, state?.consumers], [0, 10, 2]);
  assert.equal(living.consumer.ack(living.deliveries), true);
});

test('what a killed process held is there for the next one, though nobody lived meanwhile', async () => {
  using opening = new DisposableStack();
  const address = freshAddress(opening);
  let queue = '';
  {
    await using broker = await openAt(address);
    queue = await declareQueue(broker);
    await fill(broker, queue, numbered(0, 5));
  }
  const holder = await holdElsewhere(address, queue, 5);
  holder.kill('SIGKILL');
  await once(holder, 'exit');

  await using broker = await openAt(address);
  await using all = await consumed(broker, queue);
  await all.have(5);

  assert.deepEqual(all.bodies(), numbered(0, 5));
  assert.ok(all.deliveries.every(({ redelivered, deliveryCount }) => redelivered && deliveryCount === 1));
});

test('a message that is stored long after it got its number is found, though all around it was claimed', async (context) => {
  const { address } = (await brokerPlaces.embedded(context)) ?? assert.fail();
  await using broker = await openAt(address);
  const queue = await declareQueue(broker);
  await using postgres = await openPostgres(address.postgres, { projectDir: address.projectDir, maxConnections: 1, log: silentLog });
  await using all = await consumed(broker, queue, { prefetch: 20_000 });

  await postgres.transaction(async (session) => {
    await session.query(`insert into gccflow.broker_message (queue, exchange, routing_key, body) values ($1, '', $1, 'late')`, [queue]);
    await fill(broker, queue, numbered(0, 11_000));
    await all.have(11_000);
  });
  await all.have(11_001);

  assert.equal(all.bodies().at(-1), 'late');
});

test('a server that is killed is started again, nothing is lost, and the log says it once', async () => {
  using opening = new DisposableStack();
  const address = freshAddress(opening);
  const log = recordingLog();
  await using broker = await openAt(address, log);
  const queue = await declareQueue(broker);
  await fill(broker, queue, numbered(0, 40));
  await using all = await consumed(broker, queue, { prefetch: 100 });
  await all.have(40);
  await using publisher = await broker.publisher(patient);

  const pid = Number(readFileSync(join(address.projectDir, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
  process.kill(pid, 'SIGKILL');
  await until(() => all.losses.length === 1, 'nobody told of the loss');
  assert.equal(publisher.obstacle, 'no connection to PostgreSQL (embedded, postgres)');
  await publisher.publish({ exchange: '', routingKey: queue, body: Buffer.from('40'), messageId: '40' });
  await all.have(81);

  assert.equal(isAlive(pid), false);
  assert.deepEqual(all.bodies().slice(40).sort(), numbered(0, 41).sort());
  assert.deepEqual(log.messages('info'), ['broker connection lost', 'broker connection restored']);
});

test('exchanges and queues that somebody dropped are declared again on the next connection', async () => {
  using opening = new DisposableStack();
  const address = freshAddress(opening);
  const log = recordingLog();
  await using broker = await openAt(address, log);
  const queue = await declareQueue(broker);
  await using all = await consumed(broker, queue);
  await using postgres = await openPostgres(address.postgres, { projectDir: address.projectDir, maxConnections: 1, log: silentLog });

  await postgres.query('drop schema gccflow cascade');
  await until(() => all.losses.length > 0 && log.messages('info').includes('broker connection restored'), 'it did not come back');
  await fill(broker, queue, ['a']);
  await all.have(1);

  assert.deepEqual(all.bodies(), ['a']);
});

test('a connection that only seems to be there is given up when a confirm is late', async (context) => {
  if (!(await needs('postgres', context))) return;
  await using scratch = await scratchDatabase();
  await using proxy = await faultProxy(5432);
  await using broker = await openAt(scratch.through(proxy.port));
  const queue = await declareQueue(broker);
  await fill(broker, queue, ['a']);
  await using all = await consumed(broker, queue);
  await all.have(1);
  await using publisher = await broker.publisher({ window: 10, confirmMs: 500 });

  proxy.fault(() => 'hole');
  const publishing = publisher.publish({ exchange: '', routingKey: queue, body: Buffer.from('b'), messageId: 'b' });
  await assert.rejects(publishing, { code: 'BROKER_UNREACHABLE', message: /no confirm within 500 ms/ });
  await until(() => all.losses.length === 1, 'nobody told of the loss');
  proxy.heal();
  await until(() => all.deliveries.length >= 2, 'the delivery did not come back');

  assert.equal(all.deliveries[1]?.body.toString(), 'a');
  assert.equal(all.deliveries[1]?.redelivered, true);
});

/** A database on this machine's server, dropped when disposed. */
async function scratchDatabase(): Promise<AsyncDisposable & { through(port: number): BrokerAddress }> {
  await using opening = new AsyncDisposableStack();
  const at = (port: number, name: string) => ({ type: 'postgres', url: `postgres://postgres@127.0.0.1:${port}/${name}` }) as const;
  const server = opening.use(await openPostgres(at(5432, 'postgres'), { projectDir: '/', maxConnections: 1, log: silentLog }));
  const name = `broker_${randomUUID().slice(0, 8)}`;
  await server.query(`create database ${name}`);
  opening.defer(async () => {
    await server.query(`drop database ${name} with (force)`);
  });
  const opened = opening.move();
  return {
    through: (port) => ({ config: { type: 'embedded' }, postgres: at(port, name), projectDir: '/' }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

test('once told to stop, a broker keeps its connection, makes no other, and ends soon', async (context) => {
  const place = (await brokerPlaces.embedded(context)) ?? assert.fail();
  const { projectDir, postgres } = place.address;
  const stop = new AbortController();
  const broker = await openBroker({ type: 'embedded' }, { projectDir, postgres, log: silentLog, signal: stop.signal });
  const queue = await declareQueue(broker);
  const all = await consumed(broker, queue);
  const publisher = await broker.publisher(patient);

  stop.abort();
  await publisher.publish({ exchange: '', routingKey: queue, body: Buffer.from('a'), messageId: 'a' });
  await all.have(1);
  await place.cut();
  await until(() => all.losses.length === 1, 'nobody told of the loss');

  const late = publisher.publish({ exchange: '', routingKey: queue, body: Buffer.from('b'), messageId: 'b' });
  await assert.rejects(late, { code: 'BROKER_UNREACHABLE' });
  await assert.rejects(broker.inspect(queue), { code: 'BROKER_UNREACHABLE' });
  await broker[Symbol.asyncDispose]();
});

test('a broker is closed while its server is away, and what waits for a confirm is refused', async (context) => {
  if (!(await needs('postgres', context))) return;
  await using scratch = await scratchDatabase();
  const proxy = await faultProxy(5432);
  const broker = await openAt(scratch.through(proxy.port));
  const queue = await declareQueue(broker);
  const publisher = await broker.publisher(patient);

  await proxy[Symbol.asyncDispose]();
  await until(() => publisher.obstacle !== null, 'no obstacle was seen');
  const waiting = publisher.publish({ exchange: '', routingKey: queue, body: Buffer.from('a'), messageId: 'a' });
  const refused = assert.rejects(waiting, { code: 'BROKER_UNREACHABLE' });
  await broker[Symbol.asyncDispose]();

  await refused;
  assert.equal(publisher.inFlight, 0);
});

test('what PostgreSQL refuses to store is refused, and the connection goes on', async (context) => {
  const { address } = (await brokerPlaces.embedded(context)) ?? assert.fail();
  await using broker = await openAt(address);
  const [full, other] = [await declareQueue(broker), await declareQueue(broker)];
  await using postgres = await openPostgres(address.postgres, { projectDir: address.projectDir, maxConnections: 1, log: silentLog });
  await using publisher = await broker.publisher(patient);
  const publish = (queue: string): Promise<void> =>
    publisher.publish({ exchange: '', routingKey: queue, body: Buffer.from('a'), messageId: 'a' });

  await postgres.query(`alter table gccflow.broker_message add constraint full_queue check (queue <> '${full}') not valid`);
  try {
    await assert.rejects(publish(full), { code: 'MESSAGE_REFUSED', message: /check constraint "full_queue"/ });
    await publish(other);
  } finally {
    await postgres.query('alter table gccflow.broker_message drop constraint full_queue');
  }
  await publish(full);

  assert.equal((await broker.inspect(full))?.ready, 1);
});

test('a zero character, which PostgreSQL does not keep, is refused without its neighbours', async (context) => {
  const { address } = (await brokerPlaces.embedded(context)) ?? assert.fail();
  await using broker = await openAt(address);
  const queue = await declareQueue(broker);
  await using publisher = await broker.publisher(patient);
  const message = { exchange: '', routingKey: queue, body: Buffer.from('\0'), messageId: 'a', headers: { zero: '\0', half: '\ud800' } };

  const outcomes = await Promise.allSettled([
    publisher.publish(message),
    publisher.publish({ ...message, messageId: 'a\0b' }),
    publisher.publish({ ...message, contentType: '\0' }),
    publisher.publish(message),
  ]);

  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'stored')),
    ['stored', 'MESSAGE_REFUSED', 'MESSAGE_REFUSED', 'stored'],
  );
  await using all = await consumed(broker, queue);
  const [first] = await all.have(2);
  assert.deepEqual(first?.headers, { zero: '\0', half: '\ud800' });
});

test('bodies that are too large for one transaction go in several', async (context) => {
  const { address } = (await brokerPlaces.embedded(context)) ?? assert.fail();
  await using broker = await openAt(address);
  const queue = await declareQueue(broker);
  const bodies = numbered(0, 6).map((digit) => Buffer.alloc(3_000_000, digit));

  await fill(broker, queue, bodies);
  await using all = await consumed(broker, queue);
  await all.have(6);

  assert.ok(all.deliveries.every(({ body }, index) => bodies[index] && body.equals(bodies[index])));
});

test('a server that is not there is said at once, without the password', async () => {
  const url = 'postgres://me:hush-hush@127.0.0.1:9/db';
  const opening = openAt({ config: { type: 'embedded' }, postgres: { type: 'postgres', url }, projectDir: '/' });

  await assert.rejects(opening, (thrown: Error & { readonly code?: string }) => {
    assert.equal(thrown.code, 'POSTGRES_UNREACHABLE');
    assert.ok(!inspect(thrown, { depth: 20 }).includes('hush'), 'the password is in the error');
    return true;
  });
});
