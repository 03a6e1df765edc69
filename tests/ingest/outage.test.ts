import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client, credentials } from '@grpc/grpc-js';
import type { Broker } from '../../framework/connections/broker.ts';
import { readProtoMethod } from '../../framework/ingest/read-proto.ts';
import { type FaultProxy, faultProxy } from '../support/fault-proxy.ts';
import { bindQueue, dispatch, launch, startIngest, type TestIngest, takeAll, until } from '../support/ingest.ts';
import { openRabbitmq } from '../support/open-rabbitmq.ts';
import { scratchVhost } from '../support/scratch-vhost.ts';

interface BehindProxy extends AsyncDisposable {
  readonly broker: Broker;
  readonly proxy: FaultProxy;
}

/** RabbitMQ behind a proxy that breaks the network to it; a queue takes every event. */
async function brokerBehindProxy(context: TestContext): Promise<BehindProxy | null> {
  await using opening = new AsyncDisposableStack();
  const scratch = await scratchVhost(context);
  if (!scratch) return null;
  opening.use(scratch);
  const proxy = opening.use(await faultProxy(5672));
  const url = scratch.url.replace(':5672', `:${proxy.port}`);
  const broker = opening.use(await openRabbitmq(url));
  await bindQueue(broker, 'events_q', 'event.tx');
  const open = opening.move();
  return { broker, proxy, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

const post = (ingest: TestIngest, id: string) => ingest.post('/event', { events: [launch(id)] });

test('while the broker is away requests are refused at once, and taken again by themselves when it is back', async (context) => {
  await using scratch = await brokerBehindProxy(context);
  if (!scratch) return;
  const { broker, proxy } = scratch;
  await using ingest = await startIngest(broker);
  const client = new Client(ingest.grpc, credentials.createInsecure());
  context.after(() => client.close());
  assert.equal((await post(ingest, 'before')).status, 202);

  proxy.fault(() => 'cut');
  const broken = await post(ingest, 'broken');
  await until(async () => (await ingest.get('/ready')).status === 503, 'not ready');
  const startedAt = performance.now();
  const [away, called, live] = [
    await post(ingest, 'away'),
    await dispatch(client, { events: [launch('called')] }),
    await ingest.get('/live'),
  ];
  const tookMs = performance.now() - startedAt;
  proxy.heal();
  await until(async () => (await ingest.get('/ready')).status === 200, 'ready again', 40_000);

  assert.equal(broken.status, 503);
  assert.deepEqual([away.status, away.headers['retry-after'], away.body.error], [503, '1', 'unavailable']);
  assert.equal(called.status, 'UNAVAILABLE');
  assert.deepEqual(called.metadata.get('grpc-retry-pushback-ms'), ['1000']);
  assert.equal(live.status, 200);
  assert.ok(tookMs < 1000, `answered in ${tookMs} ms`);
  assert.equal((await post(ingest, 'after')).status, 202);
  const ids = (await takeAll(broker, 'events_q')).map(({ body }) => JSON.parse(body.toString()).events[0].eventId);
  assert.ok(ids.includes('before') && ids.includes('after') && !ids.includes('away') && !ids.includes('called'));
});

test('a broker that is silent is a timeout for those who wait, and full for those who come when there is no room', async (context) => {
  await using scratch = await brokerBehindProxy(context);
  if (!scratch) return;
  const { broker, proxy } = scratch;
  await using ingest = await startIngest(broker, { limits: { in_flight: 4, confirm: '1s' } });
  proxy.fault(() => 'hole');

  const waiting = ['a', 'b'].map((id) => post(ingest, id));
  const calling = ['c', 'd'].map((id) => ingest.dispatch([launch(id)]));
  await until(async () => /gccflow_ingest_inflight{ingest="events"} 4/.test((await ingest.get('/metrics')).text), 'four in flight');
  const [full, fullCall] = [await post(ingest, 'e'), await ingest.dispatch([launch('f')])];

  assert.deepEqual([full.status, full.body.error, full.headers['retry-after']], [503, 'full', '1']);
  assert.equal(fullCall, 'RESOURCE_EXHAUSTED');
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ status, body }) => [status, body.error]),
    [
      [504, 'timeout'],
      [504, 'timeout'],
    ],
  );
  assert.deepEqual(await Promise.all(calling), ['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED']);
});

test('mode fast keeps what it took while the broker is away, up to its bound, and publishes it afterwards', async (context) => {
  await using scratch = await brokerBehindProxy(context);
  if (!scratch) return;
  const { broker, proxy } = scratch;
  await using ingest = await startIngest(broker, { mode: 'fast', limits: { in_flight: 50 } });
  proxy.fault(() => 'cut');

  const statuses: number[] = [];
  for (let index = 0; index < 60; index++) statuses.push((await post(ingest, `e${index}`)).status);
  proxy.heal();

  assert.deepEqual(statuses, [...Array(50).fill(202), ...Array(10).fill(503)]);
  const ids = new Set<string>();
  await until(
    async () => {
      for (const { body } of await takeAll(broker, 'events_q')) ids.add(JSON.parse(body.toString()).events[0].eventId);
      return ids.size === 50;
    },
    'all fifty in the queue',
    40_000,
  );
});

test('gRPC health says whether events are taken, and tells watchers when it changes', async (context) => {
  await using scratch = await brokerBehindProxy(context);
  if (!scratch) return;
  const { broker, proxy } = scratch;
  const ingest = await startIngest(broker);
  const client = new Client(ingest.grpc, credentials.createInsecure());
  context.after(() => client.close());
  const file = 'framework/ingest/health.proto';
  const check = await readProtoMethod(file, 'grpc.health.v1.Health.Check');
  const watch = await readProtoMethod(file, 'grpc.health.v1.Health.Watch');
  const asIs = (value: Buffer): Buffer => value;
  const state = (bytes: Buffer): string => String(check.response.decode(bytes).status);
  const ask = (service: string): Promise<string> =>
    new Promise((resolve) => {
      client.makeUnaryRequest(check.path, asIs, asIs, check.request.encode({ service }), (error, answer) =>
        resolve(answer ? state(answer) : String(error?.code)),
      );
    });
  const seen: string[] = [];
  const watching = (service: string, into: string[]) => {
    const stream = client.makeServerStreamRequest(watch.path, asIs, asIs, watch.request.encode({ service }));
    stream.on('data', (bytes: Buffer) => into.push(state(bytes))).on('error', () => {});
    return new Promise((resolve) => stream.on('end', resolve));
  };
  const ended = watching('bulbulgrpc.EventService', seen);
  const unknown: string[] = [];
  void watching('none.Such', unknown);

  assert.deepEqual([await ask(''), await ask('bulbulgrpc.EventService'), await ask('none.Such')], ['SERVING', 'SERVING', '5']);
  proxy.fault(() => 'cut');
  await post(ingest, 'x');
  await until(() => seen.length === 2, 'told that it is away');
  assert.equal(await ask(''), 'NOT_SERVING');
  proxy.heal();
  await until(() => seen.length === 3, 'told that it is back', 40_000);
  await ingest[Symbol.asyncDispose]();
  await ended;

  assert.deepEqual(seen, ['SERVING', 'NOT_SERVING', 'SERVING', 'NOT_SERVING']);
  assert.deepEqual(unknown, ['SERVICE_UNKNOWN']);
});
