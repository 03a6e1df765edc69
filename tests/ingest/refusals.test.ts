import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Client, credentials } from '@grpc/grpc-js';
import { readJsonObject } from '../../framework/ingest/read-json.ts';
import { bindQueue, dispatch, dispatchMethod, launch, startIngest, takeAll } from '../support/ingest.ts';
import { rabbitmqBroker } from '../support/ingest-broker.ts';

const publish = [{ exchange: 'event.tx', exchange_type: 'topic', routing_key: 'hook' }];
const schema = {
  type: 'object',
  required: ['order'],
  properties: {
    order: {
      type: 'object',
      required: ['id'],
      properties: { id: { type: 'integer' }, lines: { type: 'array', items: { type: 'string' } } },
    },
  },
  additionalProperties: false,
};
const routes = [
  { path: '/plain', publish },
  { path: '/checked', publish, schema },
  { path: '/picky', publish: [{ ...publish[0], when: 'a.b' }] },
];
const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;

test('a body that cannot be taken is answered with why and where, and nothing is published', async (context) => {
  await using scratch = await rabbitmqBroker(context);
  if (!scratch) return;
  await bindQueue(scratch.broker, 'events_q', 'event.tx');
  await using ingest = await startIngest(scratch.broker, { http: { port: 0, routes }, limits: { body: '4KB', events: 3 } });
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<string> => {
    const { status, body: answer } = await ingest.post(path, body, { headers });
    return `${status} ${answer.error} ${answer.path ?? '-'} ${answer.message}`;
  };

  assert.match(await post('/plain', '{"a":'), /^400 invalid - The body is no JSON/);
  assert.match(await post('/plain', ''), /^400 invalid - /);
  assert.match(await post('/plain', '[1]'), /^400 invalid - A JSON object is expected/);
  assert.match(await post('/plain', 'null'), /^400 invalid - A JSON object is expected/);
  assert.match(await post('/plain', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), /^400 invalid - The body is not UTF-8/);
  assert.match(await post('/plain', '{"a":{"__proto__":{"admin":true}}}'), /^400 invalid a\.__proto__ /);
  assert.match(await post('/plain', nested(100)), /^400 invalid a\[0\]\[0\].* nests deeper than 64/);
  assert.match(await post('/plain', nested(1900)), /^400 invalid a\[0\]\[0\].* nests deeper than 64/);
  assert.match(await post('/plain', { a: 'x'.repeat(5000) }), /^413 too_large - /);
  assert.match(await post('/plain', { a: 1 }, { 'content-type': 'text/plain' }), /^415 media_type - .*application\/json/);
  assert.match(await post('/plain', { a: 1 }, { 'content-type': 'application/x-www-form-urlencoded' }), /^415 media_type - /);
  assert.match(await post('/plain', gzipSync('{"a":1}'), { 'content-encoding': 'gzip' }), /^415 media_type header:Content-Encoding /);
  assert.match(await post('/checked', { other: 1 }), /^400 invalid order The body must have required property/);
  assert.match(await post('/checked', { order: { id: '5' } }), /^400 invalid order\.id The body must be integer/);
  assert.match(await post('/checked', { order: { id: 5, lines: ['a', 6] } }), /^400 invalid order\.lines\[1\] The body must be string/);
  assert.match(await post('/checked', { order: { id: 5 }, extra: 1 }), /^400 invalid extra /);
  assert.match(await post('/picky', { a: { c: 1 } }), /^400 invalid - At least one of these fields is expected: 'a.b'/);
  assert.match(
    await post('/event', { events: [{ eventId: 'a', timestamp: 'x', launchEvent: {} }] }),
    /^400 invalid events\[0\]\.timestamp /,
  );
  assert.match(await post('/event', { events: [1, 2, 3, 4].map((id) => launch(String(id))) }), /^413 too_large events /);
  assert.match(await post('/none', {}), /^404 not_found/);
  const got = await ingest.get('/plain');
  assert.deepEqual([got.status, JSON.parse(got.text).message], [404, 'There is no such endpoint for GET.']);
  assert.deepEqual(await takeAll(scratch.broker, 'events_q'), []);
});

test('a body of half a million levels is refused as any other that nests too deep', () => {
  assert.throws(() => readJsonObject(Buffer.from(nested(500_000))), /nests deeper than 64 levels/);
});

test('JSON with a suffix or a charset is JSON', async (context) => {
  await using scratch = await rabbitmqBroker(context);
  if (!scratch) return;
  await bindQueue(scratch.broker, 'events_q', 'event.tx');
  await using ingest = await startIngest(scratch.broker, { http: { port: 0, routes } });
  const post = async (type: string): Promise<number> =>
    (await ingest.post('/plain', { a: 1 }, { headers: { 'content-type': type } })).status;

  assert.deepEqual(
    await Promise.all(['application/json; charset=utf-8', 'application/cloudevents+json', 'Application/JSON'].map(post)),
    [202, 202, 202],
  );
});

test('a call that cannot be taken is answered with the status that says why', async (context) => {
  await using scratch = await rabbitmqBroker(context);
  if (!scratch) return;
  await bindQueue(scratch.broker, 'events_q', 'event.tx');
  await using ingest = await startIngest(scratch.broker, { limits: { body: '4KB', events: 3 } });
  const client = new Client(ingest.grpc, credentials.createInsecure());
  context.after(() => client.close());
  const call = async (request: Record<string, unknown> | Buffer): Promise<string> => {
    const { status, details } = await dispatch(client, request);
    return `${status} ${details}`;
  };

  assert.match(await call({ events: [launch('')] }), /^INVALID_ARGUMENT events\[0\]\.eventId: /);
  assert.match(await call({ events: [launch('a'), launch('b', 'x')] }), /^INVALID_ARGUMENT events\[1\]\.timestamp: /);
  assert.match(await call({}), /^INVALID_ARGUMENT events: /);
  assert.match(await call({ events: [1, 2, 3, 4].map((id) => launch(String(id))) }), /^INVALID_ARGUMENT events: At most 3/);
  assert.match(await call(Buffer.from('no protobuf')), /^INVALID_ARGUMENT The request is no Events message/);
  assert.match(await call({ header: { userId: 'x'.repeat(5000) }, events: [launch('a')] }), /^RESOURCE_EXHAUSTED /);
  assert.deepEqual(await takeAll(scratch.broker, 'events_q'), []);
  assert.equal(dispatchMethod.service, 'bulbulgrpc.EventService');
});

test('a client that takes too long to send its request is answered 408, while others are served', async (context) => {
  await using scratch = await rabbitmqBroker(context);
  if (!scratch) return;
  await bindQueue(scratch.broker, 'events_q', 'event.tx');
  await using ingest = await startIngest(scratch.broker, { http: { port: 0, routes }, limits: { request: '1s' } });
  const { hostname, port } = new URL(ingest.http);
  const slow = connect(Number(port), hostname);
  await once(slow, 'connect');
  slow.write('POST /plain HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a":');

  const answered = text(slow);
  assert.equal((await ingest.post('/plain', { a: 1 })).status, 202);

  assert.match(await answered, /^HTTP\/1.1 408 /);
});

test('bodies that are being read fill a room of their own: what does not fit is refused unread', async (context) => {
  await using scratch = await rabbitmqBroker(context);
  if (!scratch) return;
  await bindQueue(scratch.broker, 'events_q', 'event.tx');
  await using ingest = await startIngest(scratch.broker, { http: { port: 0, routes }, limits: { body: '50KB', in_flight_bytes: '60KB' } });
  const { hostname, port } = new URL(ingest.http);
  const slow = connect(Number(port), hostname);
  await once(slow, 'connect');
  slow.write('POST /plain HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n');
  let refused = await ingest.post('/plain', { a: 'x'.repeat(20_000) });
  for (let tries = 0; refused.status === 202 && tries < 100; tries++) refused = await ingest.post('/plain', { a: 'x'.repeat(20_000) });

  assert.equal(refused.status, 503);
  assert.equal(refused.headers['retry-after'], '1');
  assert.equal((await ingest.post('/plain', { a: 1 })).status, 202);
  slow.destroy();
  let again = 503;
  for (let tries = 0; again === 503 && tries < 100; tries++) again = (await ingest.post('/plain', { a: 'x'.repeat(20_000) })).status;
  assert.equal(again, 202);
});
