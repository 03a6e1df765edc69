import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { Broker } from '../../framework/connections/broker.ts';
import { bindQueue, dispatch, dispatchMethod, grpc, launch, startIngest, takeAll } from '../support/ingest.ts';
import { embeddedBroker, type OpenScratch, rabbitmqBroker } from '../support/ingest-broker.ts';

/** Names of the test's own: the embedded broker of all tests is one. */
interface Names {
  readonly tx: string;
  readonly q: string;
  readonly q2: string;
}

const brokers: readonly (readonly [name: string, open: OpenScratch])[] = [
  ['RabbitMQ', rabbitmqBroker],
  ['the embedded broker', embeddedBroker],
];
for (const [name, openScratch] of brokers) {
  const onBroker = (title: string, run: (broker: Broker, names: Names) => Promise<void>): void => {
    test(`${title}, on ${name}`, async (context) => {
      await using scratch = await openScratch(context);
      const own = randomUUID().slice(0, 8);
      if (scratch) await run(scratch.broker, { tx: `${own}.tx`, q: `${own}_q`, q2: `${own}_q2` });
    });
  };

  onBroker('a call is answered OK when its events are in the queue, grouped by type', async (broker, { tx, q }) => {
    await bindQueue(broker, q, tx);
    await using ingest = await startIngest(broker, { grpc: { ...grpc, exchange: tx } });
    const client = new Client(ingest.grpc, credentials.createInsecure());
    const request = { header: { userId: 'u' }, events: [launch('a'), { eventId: 'b', timestamp: '2', logoutEvent: {} }, launch('c')] };

    const called = await dispatch(client, request);

    client.close();
    assert.equal(called.status, 'OK');
    assert.deepEqual(called.answer, { status: 'OK' });
    const taken = await takeAll(broker, q);
    const found = taken.map(({ routingKey, body }) => [routingKey, JSON.parse(body.toString())]);
    assert.deepEqual(Object.fromEntries(found), {
      LaunchEvent: { header: { userId: 'u' }, events: [launch('a'), launch('c')] },
      LogoutEvent: { header: { userId: 'u' }, events: [{ eventId: 'b', timestamp: '2', logoutEvent: {} }] },
    });
    assert.ok(taken.every(({ messageId, contentType }) => messageId !== null && contentType === 'application/json'));
  });

  onBroker('the same in JSON is answered 202 with the ids of the messages', async (broker, { tx, q }) => {
    await bindQueue(broker, q, tx);
    await using ingest = await startIngest(broker, { grpc: { ...grpc, exchange: tx } });

    const answer = await ingest.post('/event', { events: [launch('a'), { eventId: 'b', timestamp: '2', logoutEvent: {} }] });

    const taken = await takeAll(broker, q);
    assert.equal(answer.status, 202);
    assert.equal(answer.body.accepted, 2);
    assert.deepEqual(new Set(answer.body.ids as string[]), new Set(taken.map(({ messageId }) => messageId)));
  });

  onBroker(
    'a webhook is published as it came, where its fields want it, with the headers that are to go along',
    async (broker, { tx, q, q2 }) => {
      await bindQueue(broker, q, tx);
      await bindQueue(broker, q2, tx, 'topic', 'branch_referral');
      const routes = [
        {
          path: '/branch/event',
          id_from: 'body:event.id',
          headers: ['X-Topic'],
          publish: [
            { exchange: tx, exchange_type: 'topic', routing_key: 'branch_event' },
            { exchange: tx, exchange_type: 'topic', routing_key: 'branch_referral', when: 'referral' },
          ],
        },
      ];
      await using ingest = await startIngest(broker, { http: { port: 0, routes } });
      const spelled = '{ "event": {"id": 12345678901234567891}, "referral": "x" }';

      const plain = await ingest.post('/branch/event', { event: { id: 'e1' }, referral: null }, { headers: { 'x-topic': 'install' } });
      const referral = await ingest.post('/branch/event', spelled);

      assert.deepEqual([plain.status, plain.body], [202, { accepted: 1, ids: ['e1'] }]);
      assert.equal(referral.status, 202);
      const all = await takeAll(broker, q);
      const referrals = await takeAll(broker, q2);
      const [id] = referral.body.ids as string[];
      assert.match(id ?? '', /^[0-9a-f]{32}$/, 'a number that JavaScript rounds is no id');
      assert.deepEqual(
        new Set(all.map(({ routingKey, messageId }) => `${routingKey} ${messageId}`)),
        new Set(['branch_event e1', `branch_event ${id}`, `branch_referral ${id}`]),
      );
      assert.equal(all.find(({ messageId }) => messageId === 'e1')?.headers['x-topic'], 'install');
      assert.deepEqual(
        referrals.map(({ body }) => body.toString()),
        [spelled],
      );
    },
  );

  onBroker(
    'events that no queue wants are refused, and those of the same request that one wants are stored once it is bound',
    async (broker, { tx, q, q2 }) => {
      await bindQueue(broker, q, tx, 'topic', 'LaunchEvent');
      await using ingest = await startIngest(broker, { grpc: { ...grpc, exchange: tx } });
      const events = [launch('a'), { eventId: 'b', timestamp: '2', logoutEvent: {} }];

      assert.equal((await ingest.post('/event', { events })).status, 422);
      assert.equal(await ingest.dispatch(events), 'FAILED_PRECONDITION');
      await bindQueue(broker, q2, tx, 'topic', 'LogoutEvent');
      assert.equal(await ingest.dispatch(events), 'OK');

      const [logout] = await takeAll(broker, q2);
      const ids = (await takeAll(broker, q)).map(({ messageId }) => messageId);
      assert.deepEqual(JSON.parse(logout?.body.toString() ?? ''), { events: [events[1]] });
      assert.equal(new Set(ids).size, 1, 'repeats carry one id');
    },
  );

  onBroker('mode fast answers before the broker has it, and stopping waits for it', async (broker, { tx, q }) => {
    await bindQueue(broker, q, tx);
    {
      await using ingest = await startIngest(broker, { mode: 'fast', grpc: { ...grpc, exchange: tx } });
      const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => ingest.dispatch([launch(String(index))])));
      assert.ok(answers.every((status) => status === 'OK'));
    }

    assert.equal((await takeAll(broker, q)).length, 200);
  });
}

test('a request is signed by HMAC of its raw body: good ones pass, all others are 401', async (context) => {
  await using scratch = await rabbitmqBroker(context);
  if (!scratch) return;
  await bindQueue(scratch.broker, 'shop_q', 'shop.dx', 'direct', 'shop');
  const publish = [{ exchange: 'shop.dx', routing_key: 'shop' }];
  const secret = 's3cret';
  const routes = [
    { path: '/base64', publish, signature: { header: 'X-Hmac', secret } },
    { path: '/hex', publish, signature: { header: 'X-Hmac', secret, algorithm: 'sha512', encoding: 'hex', prefix: 'sha512=' } },
    { path: '/unset', publish, signature: { header: 'X-Hmac', secret: '' } },
  ];
  await using ingest = await startIngest(scratch.broker, { tokens: ['t0ken'], http: { port: 0, routes } });
  const body = '{"order":  1}';
  const sign = (algorithm: string, of: string, encoding: 'base64' | 'hex'): string =>
    createHmac(algorithm, secret).update(of).digest(encoding);
  const status = async (path: string, headers: Record<string, string>): Promise<number> =>
    (await ingest.post(path, body, { headers })).status;

  assert.equal(await status('/base64', { 'x-hmac': sign('sha256', body, 'base64') }), 202);
  assert.equal(await status('/hex', { 'x-hmac': `sha512=${sign('sha512', body, 'hex')}` }), 202);
  assert.equal(await status('/base64', {}), 401);
  assert.equal(await status('/base64', { authorization: 'Bearer t0ken' }), 401);
  assert.equal(await status('/base64', { 'x-hmac': sign('sha256', '{"order":1}', 'base64') }), 401);
  assert.equal(await status('/base64', { 'x-hmac': sign('sha256', body, 'hex') }), 401);
  assert.equal(await status('/base64', { 'x-hmac': `${sign('sha256', body, 'base64')}AA` }), 401);
  assert.equal(await status('/base64', { 'x-hmac': '' }), 401);
  assert.equal(await status('/hex', { 'x-hmac': sign('sha512', body, 'hex') }), 401);
  assert.equal(await status('/unset', {}), 401);
  assert.equal(await status('/unset', { authorization: 'Bearer t0ken' }), 202);
  assert.equal((await takeAll(scratch.broker, 'shop_q')).length, 3);
});

test('a token opens everything but what tells whether the server lives', async (context) => {
  await using scratch = await rabbitmqBroker(context);
  if (!scratch) return;
  await bindQueue(scratch.broker, 'events_q', 'event.tx');
  await using ingest = await startIngest(scratch.broker, { tokens: ['first', 'second', ''] });
  const events = [launch('a')];
  const post = async (authorization?: string): Promise<number> =>
    (await ingest.post('/event', { events }, { headers: authorization === undefined ? {} : { authorization } })).status;

  assert.deepEqual(
    [await post(), await post('Bearer third'), await post('Bearer '), await post('Basic first'), await post('Bearer second')],
    [401, 401, 401, 401, 202],
  );
  assert.equal(await ingest.dispatch(events), 'UNAUTHENTICATED');
  assert.equal(await ingest.dispatch(events, { authorization: 'Bearer secon' }), 'UNAUTHENTICATED');
  assert.equal(await ingest.dispatch(events, { authorization: 'Bearer first' }), 'OK');
  assert.equal(await callWithoutBody(ingest.grpc), 16, 'refused before the request is sent');
  const open = ['/live', '/ready', '/heartbeat', '/metrics'];
  assert.deepEqual(await Promise.all(open.map(async (path) => (await ingest.get(path)).status)), [200, 200, 200, 401]);
  assert.equal((await ingest.get('/metrics', { headers: { authorization: 'Bearer first' } })).status, 200);
});

/** The status of a call whose request never comes. */
async function callWithoutBody(target: string): Promise<number | undefined> {
  const client = new Client(target, credentials.createInsecure());
  const asIs = (value: Buffer): Buffer => value;
  const code = await new Promise<number | undefined>((resolve) => {
    const metadata = new Metadata();
    client.makeClientStreamRequest(dispatchMethod.path, asIs, asIs, metadata, { deadline: Date.now() + 10_000 }, (error) =>
      resolve(error?.code),
    );
  });
  client.close();
  return code;
}
