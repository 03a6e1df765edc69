import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { IngestRoute } from '../project/ingest-file.ts';
import { checkSignature } from './authentication.ts';
import type { EventMethod } from './event-method.ts';
import type { Intake, Parcel } from './intake.ts';
import { type ListenAddress, type RunningServer, type ServerDeps, unusableAddress } from './listen.ts';
import { readJsonObject } from './read-json.ts';
import { Refusal, type RefusalKind, refusals, retryAfterSeconds } from './refusal.ts';
import { parcelOf } from './webhook.ts';

export interface HttpServerDeps extends ServerDeps {
  readonly routes: readonly IngestRoute[];
  /** null where the ingest takes no events of its own form. */
  readonly method: EventMethod | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it came. */
    rawBody: Buffer | null;
  }
  interface FastifyContextConfig {
    ingest?: IngestRoute;
  }
}

/** Serves the declared routes, `/event`, and what watches the server: `/live`, `/ready`, `/heartbeat`, `/metrics`. Throws INGEST_ADDRESS. */
export async function openHttpServer(listen: ListenAddress, deps: HttpServerDeps): Promise<RunningServer> {
  const server = createServer(deps);
  addWatching(server, deps);
  server.register(async (scope) => {
    readBodies(scope, deps);
    if (deps.method) addEvents(scope, deps.method, deps);
    for (const route of deps.routes) addRoute(scope, route, deps);
  });
  const address = await start(server, listen);
  return { address, end: () => server.server.closeAllConnections(), [Symbol.asyncDispose]: async () => void (await server.close()) };
}

/** How often overdue requests are looked for. */
const checkMs = 1000;

function createServer({ tls, limits, metrics, log }: HttpServerDeps): FastifyInstance {
  const timing = { connectionsCheckingInterval: checkMs, headersTimeout: limits.request, requestTimeout: limits.request };
  const server = fastify({
    ...(tls ? { https: { ...tls, ...timing } } : { http: timing }),
    bodyLimit: limits.body,
    requestTimeout: limits.request,
    exposeHeadRoutes: false,
    // Bodies are judged as they came: nothing is converted, dropped or filled in.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, strict: false } },
  }) as unknown as FastifyInstance;
  server.decorateRequest('rawBody', null);
  server.addHook('onResponse', (request, reply, done) => {
    metrics.request(request.routeOptions.url ?? 'unknown', String(reply.statusCode));
    done();
  });
  server.setErrorHandler<FastifyError | Refusal>((error, _request, reply) => {
    const refusal = error instanceof Refusal ? error : refusalOf(error);
    if (refusal) return refuse(reply, refusal);
    log.error({ err: error }, 'request failed');
    return reply.code(500).send({ error: 'internal', message: 'The server failed.' });
  });
  server.setNotFoundHandler(({ method }, reply) =>
    reply.code(404).send({ error: 'not_found', message: `There is no such endpoint for ${method}.` }),
  );
  return server;
}

function addWatching(server: FastifyInstance, { readiness, metrics, checkToken }: HttpServerDeps): void {
  server.get('/live', () => ({ status: 'live' }));
  server.get('/heartbeat', () => ({ status: 'live' }));
  server.get('/ready', (_request, reply) => {
    const { reason } = readiness;
    return reply.code(reason === null ? 200 : 503).send(reason === null ? { status: 'ready' } : { status: 'away', reason });
  });
  server.get('/metrics', async (request, reply) => {
    checkToken(request.headers.authorization);
    return reply.type(metrics.contentType).send(await metrics.print());
  });
}

/** Authenticates requests, keeps what is being read within bounds, and reads JSON. */
function readBodies(scope: FastifyInstance, { checkToken, intake, limits }: HttpServerDeps): void {
  let reading = 0;
  scope.addHook('onRequest', (request, reply, done) => {
    if (!signatureOf(request)) checkToken(request.headers.authorization);
    const { 'content-encoding': encoding, 'content-length': length } = request.headers;
    if (encoding !== undefined && encoding !== 'identity')
      throw new Refusal('media_type', 'Compressed bodies are not taken.', 'header:Content-Encoding');
    intake.checkRoom();
    const bytes = Math.min(Number(length ?? limits.body), limits.body);
    if (reading > 0 && reading + bytes > limits.in_flight_bytes)
      throw new Refusal('full', 'More requests are being read than there is room for.');
    reading += bytes;
    reply.raw.once('close', () => {
      reading -= bytes;
    });
    done();
  });
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser<Buffer>(/^application\/(?:[\w.+-]+\+)?json(?:$|\s*;)/i, { parseAs: 'buffer' }, (request, body, done) => {
    try {
      const signature = signatureOf(request);
      if (signature) checkSignature(signature, headerOf(request, signature.header), body);
      request.rawBody = body;
      done(null, readJsonObject(body));
    } catch (thrown) {
      done(thrown as Error);
    }
  });
}

/** What a request must be signed by; null where the tokens hold. */
function signatureOf({ routeOptions }: FastifyRequest): NonNullable<IngestRoute['signature']> | null {
  const signature = routeOptions.config.ingest?.signature;
  return signature && signature.secret !== '' ? signature : null;
}

const headerOf = ({ headers }: FastifyRequest, name: string): string | undefined => {
  const value = headers[name.toLowerCase()];
  return typeof value === 'string' ? value : undefined;
};

/** The events of the gRPC method, in JSON. */
function addEvents(scope: FastifyInstance, method: EventMethod, { intake, clock }: HttpServerDeps): void {
  scope.post('/event', async (request, reply) => {
    bodyOf(request);
    return take(method.fromJson(request.body, clock.now()), intake, reply);
  });
}

function addRoute(scope: FastifyInstance, route: IngestRoute, { intake }: HttpServerDeps): void {
  const options = { config: { ingest: route }, ...(route.schema && { schema: { body: route.schema } }) };
  scope.post(route.path, options, async (request, reply) => {
    const webhook = { body: bodyOf(request), value: request.body as Record<string, unknown>, headers: request.headers };
    return take(parcelOf(route, webhook), intake, reply);
  });
}

function bodyOf({ rawBody }: FastifyRequest): Buffer {
  if (rawBody === null) throw new Refusal('invalid', 'A JSON object is expected.');
  return rawBody;
}

async function take(parcel: Parcel, intake: Intake, reply: FastifyReply): Promise<FastifyReply> {
  await intake.accept(parcel);
  return reply.code(202).send({ accepted: parcel.events, ids: [...new Set(parcel.messages.map(({ messageId }) => messageId))] });
}

function refuse(reply: FastifyReply, { kind, message, path }: Refusal): FastifyReply {
  const { http, retry } = refusals[kind];
  if (retry) reply.header('retry-after', retryAfterSeconds);
  return reply.code(http).send({ error: kind, message, ...(path !== null && { path }) });
}

/** What fastify itself refuses, in our form; null for a bug. */
function refusalOf(error: FastifyError): Refusal | null {
  const [mistake] = error.validation ?? [];
  if (mistake) return new Refusal('invalid', `The body ${mistake.message ?? 'does not fit'}.`, validationPath(mistake));
  const kind = kindsByStatus[error.statusCode ?? 500];
  if (kind === undefined) return null;
  const message =
    kind === 'media_type' ? "The header 'Content-Type: application/json' is expected." : `${error.message.replace(/\.$/, '')}.`;
  return new Refusal(kind, message);
}

const kindsByStatus: Readonly<Record<number, RefusalKind>> = { 400: 'invalid', 413: 'too_large', 415: 'media_type' };

/** The path of a field that a JSON Schema refuses, or misses: `items[2].sku`. */
function validationPath({ instancePath, params }: NonNullable<FastifyError['validation']>[number]): string | null {
  const missing = params.missingProperty ?? params.additionalProperty;
  const keys = instancePath.split('/').slice(1);
  const named = [
    ...keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~')),
    ...(missing === undefined ? [] : [String(missing)]),
  ];
  const path = named.reduce((before, key) => (/^\d+$/.test(key) ? `${before}[${key}]` : before === '' ? key : `${before}.${key}`), '');
  return path === '' ? null : path;
}

/** Throws INGEST_ADDRESS, and VALUE_INVALID for a JSON Schema that is none. */
async function start(server: FastifyInstance, listen: ListenAddress): Promise<string> {
  try {
    await server.ready();
  } catch (cause) {
    throw new GccflowError('VALUE_INVALID', `A schema of the routes is no JSON Schema: ${messageOf(cause)}.`, { at: listen.at, cause });
  }
  try {
    return await server.listen({ host: listen.host, port: listen.port });
  } catch (cause) {
    throw unusableAddress('HTTP', listen, cause);
  }
}
