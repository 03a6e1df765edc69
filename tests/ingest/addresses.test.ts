import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GccflowError } from '../../framework/foundation/error.ts';
import { grpc, startIngest } from '../support/ingest.ts';
import { rabbitmqBroker } from '../support/ingest-broker.ts';

test('an ingest whose port is taken is INGEST_ADDRESS, and leaves nothing open behind it', async (context) => {
  await using scratch = await rabbitmqBroker(context);
  if (!scratch) return;
  await using first = await startIngest(scratch.broker);
  const [httpPort, grpcPort] = [first.http, first.grpc].map((address) => Number(address.split(':').at(-1)));
  const failure = (file: object) =>
    startIngest(scratch.broker, { ...file }).then(String, ({ code, message, hint }: GccflowError) => `${code} ${message} ${hint}`);

  assert.match(
    await failure({ http: { port: httpPort } }),
    new RegExp(`^INGEST_ADDRESS HTTP cannot be served at 127.0.0.1:${httpPort}: the port is taken. Another process`),
  );
  assert.match(await failure({ grpc: { ...grpc, port: grpcPort } }), /^INGEST_ADDRESS gRPC cannot be served .*the port is taken/);
  assert.match(await failure({ host: '203.0.113.7' }), /^INGEST_ADDRESS gRPC cannot be served at 203.0.113.7/);
  await using second = await startIngest(scratch.broker);
  assert.equal((await second.get('/live')).status, 200);
});
