import { z } from 'zod';
import { BrokerName, ExchangeType, Texts } from './broker-names.ts';
import { DurationValue } from './duration-value.ts';
import { SizeValue } from './size-value.ts';

const Port = z.int().min(0).max(65_535);

const Publish = z.strictObject({
  exchange: BrokerName,
  exchange_type: ExchangeType.default('direct'),
  routing_key: BrokerName,
  when: z.string().min(1).nullable().default(null).describe('Path of a field: only requests that have it are published here.'),
});

/** HMAC of the raw body, compared in constant time. */
const Signature = z.strictObject({
  header: z.string().min(1).describe('Header that carries it, e.g. `X-Shopify-Hmac-Sha256`.'),
  secret: z.string().describe('From the environment. Where it is empty the tokens hold for the route as for any other.'),
  algorithm: z.enum(['sha1', 'sha256', 'sha512']).default('sha256'),
  encoding: z.enum(['base64', 'hex']).default('base64'),
  prefix: z.string().default('').describe('What stands before the digest, e.g. `sha256=`.'),
});
export type Signature = z.infer<typeof Signature>;

const Route = z.strictObject({
  path: z
    .string()
    .regex(/^\/[\w./-]*$/, 'a path is expected, for example /shopify/event')
    .describe('Path of the endpoint, e.g. `/shopify/event`. It takes a JSON object by POST, and publishes it as it came.'),
  publish: z.array(Publish).min(1).describe('Where a request goes; all of those whose `when` holds.'),
  signature: Signature.nullable().default(null).describe('Of a sender that signs what it sends; it needs no token then.'),
  id_from: z
    .string()
    .regex(/^(header:.+|body:.+)$/, 'header:NAME or body:PATH is expected')
    .nullable()
    .default(null)
    .describe(
      'Where the id of an event stands, so that a repeated request is known as such: `header:X-Id` or `body:event.id`. A digest of the body where null, and where a request has none.',
    ),
  headers: Texts.default([]).describe('Headers of a request that go along with the message, under their names in lower case.'),
  schema: z.record(z.string(), z.unknown()).nullable().default(null).describe('JSON Schema that a body must fit.'),
});
export type IngestRoute = z.infer<typeof Route>;

const Grpc = z.strictObject({
  port: Port.default(8017),
  proto: z.string().min(1).describe('The .proto file, relative to this file.'),
  method: z
    .string()
    .regex(/^(\w+\.)+\w+$/, 'package.Service.method is expected')
    .describe('The unary method, e.g. `bulbulgrpc.EventService.dispatch`. Over HTTP `/event` takes the same in JSON.'),
  exchange: BrokerName.describe('Where groups of events go, with the type of the event as routing key.'),
  exchange_type: ExchangeType.default('topic'),
  events: z.string().default('events').describe('Repeated field of the request that holds the events.'),
  type_from: z.string().default('event_of').describe("The oneof of an event whose member's message is its type."),
  id: z.string().default('event_id').describe('Field of an event that identifies it. An event without one is refused.'),
  timestamp: z
    .string()
    .nullable()
    .default('timestamp')
    .describe('Field of an event in epoch milliseconds; one in the future becomes the current second.'),
  answer: z.record(z.string(), z.unknown()).default({}).describe('Fields of the answer to a request that was taken.'),
});
export type IngestGrpc = z.infer<typeof Grpc>;

/** Paths that every ingest has by itself. */
const ownPaths = ['/event', '/heartbeat', '/live', '/ready', '/metrics'];

/** A server that takes events by gRPC and HTTP and publishes them. */
export const IngestFile = z
  .strictObject({
    kind: z.literal('ingest'),
    name: z.string().min(1).describe('Node name, unique in the project.'),
    description: z.string().default(''),
    enabled: z.boolean().default(true),
    tags: Texts.default([]),
    meta: z.record(z.string(), z.unknown()).default({}),
    host: z
      .string()
      .default('127.0.0.1')
      .describe('Address to listen on; `0.0.0.0` for all, which is worth tokens or a network of its own.'),
    mode: z
      .enum(['durable', 'fast'])
      .default('durable')
      .describe('durable answers after the broker has stored the events; fast when they are in a bounded buffer, which a crash loses.'),
    tokens: Texts.transform((tokens) => tokens.filter((token) => token !== ''))
      .prefault([])
      .describe('Bearer tokens, from the environment; anyone may send where there are none, empty ones aside.'),
    tls: z.strictObject({ cert: z.string(), key: z.string() }).nullable().default(null).describe('PEM files, relative to this file.'),
    grpc: Grpc.nullable().default(null),
    http: z
      .strictObject({ port: Port.default(8019), routes: z.array(Route).default([]) })
      .nullable()
      .default(null),
    limits: z
      .strictObject({
        body: SizeValue.prefault('1MB').describe('A larger request is refused.'),
        events: z.int().positive().default(10_000).describe('Events in one request at most.'),
        in_flight: z
          .int()
          .positive()
          .default(5000)
          .describe('Messages that may wait for the broker; beyond that requests are refused until there is room.'),
        in_flight_bytes: SizeValue.prefault('64MB').describe('The same by size; requests that are being read count apart, up to as much.'),
        confirm: DurationValue.prefault('10s').describe('How long the broker may take to store a message.'),
        request: DurationValue.prefault('15s').describe('How long a client may take to send a request over HTTP.'),
      })
      .prefault({}),
  })
  .superRefine(({ grpc, http }, context) => {
    const mistake = (path: (string | number)[], message: string): void => context.addIssue({ code: 'custom', path, message });
    if (!grpc && !http) mistake(['kind'], 'grpc, http or both are expected.');
    const paths = (http?.routes ?? []).map(({ path }) => path);
    paths.forEach((path, index) => {
      const at = ['http', 'routes', index, 'path'];
      if (ownPaths.includes(path)) mistake(at, `'${path}' is there by itself.`);
      else if (paths.indexOf(path) < index) mistake(at, `'${path}' is declared twice.`);
    });
  });
export type IngestFile = z.infer<typeof IngestFile>;
