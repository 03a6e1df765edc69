import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { Client, credentials } from '@grpc/grpc-js';
import type { GccflowError } from '../../framework/foundation/error.ts';
import { bindQueue, dispatch, launch, send, startIngest, takeAll } from '../support/ingest.ts';
import { rabbitmqBroker } from '../support/ingest-broker.ts';

interface Certificate extends Disposable {
  readonly cert: string;
  readonly key: string;
}

/** A certificate for 127.0.0.1 that signs itself; null where there is no openssl. */
async function certificate(context: TestContext): Promise<Certificate | null> {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-tls-'));
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', ...name];
  try {
    await promisify(execFile)('openssl', [...made, '-keyout', key, '-out', cert]);
  } catch (thrown) {
    if (process.env.REQUIRE_SERVICES === '1') throw thrown;
    context.skip('no openssl makes certificates here');
    return null;
  }
  return { cert, key, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

test('with a certificate both servers speak TLS, and nothing else', async (context) => {
  await using scratch = await rabbitmqBroker(context);
  using made = scratch && (await certificate(context));
  if (!scratch || !made) return;
  const ca = readFileSync(made.cert);
  await bindQueue(scratch.broker, 'events_q', 'event.tx');
  await using ingest = await startIngest(scratch.broker, { tls: { cert: made.cert, key: made.key } });
  const secure = new Client(ingest.grpc, credentials.createSsl(ca), { 'grpc.ssl_target_name_override': 'localhost' });
  const trusting = new Client(ingest.grpc, credentials.createSsl(), { 'grpc.ssl_target_name_override': 'localhost' });
  const deadline = { deadline: Date.now() + 5000 };

  const posted = await send(`${ingest.http}/event`, { method: 'POST', ca }, { events: [launch('a')] });
  const called = await dispatch(secure, { events: [launch('b')] });
  const calledPlain = await ingest.dispatch([launch('c')]);
  const calledTrusting = await dispatch(trusting, { events: [launch('d')] }, {}, deadline);

  secure.close();
  trusting.close();
  assert.match(ingest.http, /^https:/);
  assert.equal(posted.status, 202);
  assert.equal(called.status, 'OK');
  assert.deepEqual([calledPlain, calledTrusting.status], ['UNAVAILABLE', 'UNAVAILABLE']);
  await assert.rejects(send(ingest.http.replace('https', 'http'), {}));
  assert.equal((await takeAll(scratch.broker, 'events_q')).length, 2);
});

test('a certificate that is not there is named, with the place of the ingest', async (context) => {
  await using scratch = await rabbitmqBroker(context);
  if (!scratch) return;

  const failure = await startIngest(scratch.broker, { tls: { cert: 'none.pem', key: 'none.pem' } }).then(
    () => null,
    (thrown: GccflowError) => thrown,
  );

  assert.equal(failure?.code, 'FILE_UNREADABLE');
  assert.match(failure?.message ?? '', /'none\.pem'/);
  assert.equal(failure?.at?.file, 'sources/ingest.yaml');
});
