import assert from 'node:assert/strict';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest, type RequestOptions as TlsOptions } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type CallOptions, Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Broker, Delivery } from '../../framework/connections/broker.ts';
import { systemClock } from '../../framework/foundation/clock.ts';
import type { Log } from '../../framework/foundation/log.ts';
import { readProtoMethod } from '../../framework/ingest/read-proto.ts';
import { openIngest, type RunningIngest } from '../../framework/ingest/run-ingest.ts';
import type { IngestNode } from '../../framework/manifest/manifest.ts';
import { IngestFile } from '../../framework/project/ingest-file.ts';
import { silentLog } from './warehouse.ts';

/** The repository is the project: its .proto is the one that is tested. */
export const gccDir = join(import.meta.dirname, '../..');

export const dispatchMethod = await readProtoMethod(join(gccDir, 'sources/proto/events.proto'), 'bulbulgrpc.EventService.dispatch');

export const grpc = {
  port: 0,
  proto: 'proto/events.proto',
  method: 'bulbulgrpc.EventService.dispatch',
  exchange: 'event.tx',
  id: 'eventId',
  answer: { status: 'OK' },
} as const;

/** An ingest as its file declares it: gRPC as the platform has it, HTTP on a free port. */
export function ingestNode(file: Readonly<Record<string, unknown>> = {}): IngestNode {
  const ingest = IngestFile.parse({ kind: 'ingest', name: 'events', grpc, http: { port: 0 }, ...file });
  const at = { file: 'sources/ingest.yaml', line: 1, column: 1 };
  return {
    kind: 'ingest',
    id: `ingest.${ingest.name}`,
    name: ingest.name,
    fqn: [],
    tags: [],
    meta: {},
    description: '',
    file: at.file,
    at,
    ingest,
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Record<string, unknown>;
}

export interface TestIngest extends AsyncDisposable {
  readonly http: string;
  readonly grpc: string;
  post(path: string, body: unknown, options?: RequestOptions): Promise<Answer>;
  get(path: string, options?: RequestOptions): Promise<Answer & { readonly text: string }>;
  /** The name of the gRPC status. */
  dispatch(events: readonly object[], metadata?: Readonly<Record<string, string>>): Promise<string>;
}

export async function startIngest(broker: Broker, file: Readonly<Record<string, unknown>> = {}, log: Log = silentLog): Promise<TestIngest> {
  await using opening = new AsyncDisposableStack();
  const running = opening.use(await openIngest(ingestNode(file), { broker, projectDir: gccDir, clock: systemClock, log }));
  const client = clientsOf(running);
  opening.defer(client.close);
  const open = opening.move();
  return { ...client, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

function clientsOf({ addresses }: RunningIngest): Omit<TestIngest, typeof Symbol.asyncDispose> & { readonly close: () => void } {
  const http = addresses.find((address) => address.startsWith('http')) ?? '';
  const target = addresses.find((address) => address.startsWith('grpc'))?.slice('grpc://'.length) ?? '127.0.0.1:1';
  const client = new Client(target, credentials.createInsecure());
  return {
    http,
    grpc: target,
    post: (path, body, options = {}) => send(`${http}${path}`, { method: 'POST', ...options }, body),
    get: (path, options = {}) => send(`${http}${path}`, options),
    dispatch: (events, metadata = {}) => dispatch(client, { events }, metadata).then(({ status }) => status),
    close: () => client.close(),
  };
}

/** A body that is a text or bytes goes as it is, anything else as JSON. */
export async function send(url: string, options: TlsOptions, body?: unknown): Promise<Answer & { readonly text: string }> {
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const headers = { ...(body !== undefined && { 'content-type': 'application/json' }), ...options.headers };
  const request = (url.startsWith('https') ? httpsRequest : httpRequest)(url, { agent: false, ...options, headers });
  return new Promise((resolve, reject) => {
    request.on('error', reject).on('response', async (response) => {
      try {
        const answered = await text(response);
        const isJson = response.headers['content-type']?.includes('json');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: answered, body: isJson ? JSON.parse(answered) : {} });
      } catch (thrown) {
        reject(thrown);
      }
    });
    request.end(bytes);
  });
}

export interface Called {
  readonly status: string;
  readonly details: string;
  readonly metadata: Metadata;
  readonly answer: Record<string, unknown> | null;
}

const statusNames = ['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'] as const;
const laterNames = ['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED'] as const;
const lastNames = ['INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'] as const;
const names = [...statusNames, ...laterNames, ...lastNames];

/** Calls `dispatch` with a request, or with bytes as they are. */
export function dispatch(
  client: Client,
  request: Readonly<Record<string, unknown>> | Buffer,
  metadata: Readonly<Record<string, string>> = {},
  options: CallOptions = {},
): Promise<Called> {
  const sent = new Metadata();
  for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
  const bytes = Buffer.isBuffer(request) ? request : dispatchMethod.request.encode(request);
  const asIs = (value: Buffer): Buffer => value;
  return new Promise((resolve) => {
    client.makeUnaryRequest(dispatchMethod.path, asIs, asIs, bytes, sent, options, (error: ServiceError | null, answer?: Buffer) => {
      const status = names[error?.code ?? 0] ?? 'none';
      const answered = answer ? dispatchMethod.response.decode(answer) : null;
      resolve({ status, details: error?.details ?? '', metadata: error?.metadata ?? new Metadata(), answer: answered });
    });
  });
}

/** Takes everything out of a queue. */
export async function takeAll(broker: Broker, queue: string): Promise<Delivery[]> {
  await using browser = await broker.browse(queue);
  const taken: Delivery[] = [];
  for (let delivery = await browser.next(); delivery !== null; delivery = await browser.next()) {
    taken.push(delivery);
    browser.ack(delivery);
  }
  return taken;
}

/** Declares a queue that takes everything from an exchange. */
export async function bindQueue(
  broker: Broker,
  queue: string,
  exchange: string,
  type: 'topic' | 'direct' = 'topic',
  key = '#',
): Promise<void> {
  await broker.declare({
    exchanges: [{ name: exchange, type }],
    queues: [{ name: queue, type: 'classic', delay: null }],
    bindings: [{ queue, exchange, routingKey: key }],
  });
}

export const launch = (eventId: string, timestamp = '1') => ({ eventId, timestamp, launchEvent: { isFirstLaunch: true } });

/** Waits for a condition that comes by itself. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, ms = 15_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `${what} within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
