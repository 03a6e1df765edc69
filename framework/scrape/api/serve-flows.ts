import { randomUUID } from 'node:crypto';
import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { bearerMatch, type MatchBearer } from '../../foundation/bearer-tokens.ts';
import { GccflowError, messageOf } from '../../foundation/error.ts';
import type { Log } from '../../foundation/log.ts';
import type { ServeConfig } from '../../project/target-config.ts';
import { addFlowRoutes, addQueueRoutes, type RouteDeps } from './add-routes.ts';
import { type ApiMetrics, openMetrics } from './metrics.ts';
import { addOpenApi } from './open-api.ts';
import { Refusal, refusals } from './refusal.ts';
import { refusalOfError } from './refuse-error.ts';

export interface FlowServerDeps extends RouteDeps {
  readonly serve: ServeConfig;
  /** What the API calls itself. */
  readonly title: string;
  readonly version: string;
  readonly log: Log;
}

/** A server that takes requests. Disposing it ends it: not ready, no new requests, an answer for those under way, within `stopMs`. */
export interface RunningServer extends AsyncDisposable {
  /** e.g. `http://127.0.0.1:8000`. */
  readonly address: string;
}

/** How long requests that are under way may take when the server stops; */
export const stopMs = 20_000;
/** then their tasks are aborted, and have this long to end. */
const abortMs = 4000;
const maxBody = 1 << 20;
/** Ids and names in paths are short; params are bounded by the flow. */
const maxParamLength = 2000;

/** Serves flows by HTTP. Throws SERVE_ADDRESS, and NAME_DUPLICATE for two routes that would take the same requests. */
export async function serveFlows(deps: FlowServerDeps): Promise<RunningServer> {
  const metrics = openMetrics(() => deps.tasks.running);
  const state = { isStopping: false };
  const server = createServer(deps, metrics);
  await addOpenApi(server, { title: deps.title, version: deps.version, hasTokens: deps.serve.tokens.length > 0 });
  addWatching(server, deps, metrics, state);
  server.register(async (scope) => {
    requireToken(scope, bearerMatch(deps.serve.tokens));
    addFlowRoutes(scope, deps);
    addQueueRoutes(scope, deps);
  });
  const address = await start(server, deps.serve);
  warnOfOpenDoors(deps);
  const stop = (): Promise<void> => {
    state.isStopping = true;
    return end(server, deps);
  };
  return { address, [Symbol.asyncDispose]: stop };
}

function createServer({ log }: FlowServerDeps, metrics: ApiMetrics): FastifyInstance {
  const tell = ({ id, method }: FastifyRequest, { statusCode, elapsedTime }: FastifyReply, route: string): void => {
    metrics.request(route, String(statusCode), elapsedTime / 1000);
    log.info({ request: id, method, route, status: statusCode, ms: Math.round(elapsedTime) }, 'request answered');
  };
  const server = fastify({
    bodyLimit: maxBody,
    exposeHeadRoutes: false,
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']),
    // What the router cannot read comes to no route, and past all hooks.
    frameworkErrors: ({ statusCode }, request, reply) => {
      const isLong = statusCode === 414;
      const message = isLong
        ? `A value in the address is longer than ${maxParamLength} characters.`
        : 'The address is not percent-encoded UTF-8.';
      refuse(request, reply.header('x-request-id', request.id), new Refusal(isLong ? 'too_long' : 'invalid', message));
      tell(request, reply, 'unknown');
    },
    // Platforms are written in both cases; values of params keep theirs.
    routerOptions: { maxParamLength, caseSensitive: false },
    // Values in addresses are texts; a param that no flow declares is a mistake, not something to be dropped.
    ajv: { customOptions: { coerceTypes: true, removeAdditional: false, useDefaults: false, strict: false, allErrors: true } },
  });
  server.removeContentTypeParser('text/plain');
  // Schemas of answers are for people: a record is sent as it is.
  server.setSerializerCompiler(() => (body) => JSON.stringify(body));
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    tell(request, reply, request.routeOptions.url ?? 'unknown');
    done();
  });
  server.setErrorHandler<FastifyError | Refusal | GccflowError>((error, request, reply) => {
    const refusal = refusalOfError(error);
    if (refusal === null) log.error({ request: request.id, err: error }, 'request failed');
    return refuse(request, reply, refusal ?? new Refusal('failed', 'The server failed.'));
  });
  server.setNotFoundHandler((request, reply) =>
    refuse(
      request,
      reply,
      new Refusal('not_found', `There is no such endpoint for ${request.method}; those that are served stand at /docs.`),
    ),
  );
  return server;
}

/** The client's own id where it is one that fits into a log line. */
function requestIdOf(given: string | readonly string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given) ? given : randomUUID();
}

function addWatching(
  server: FastifyInstance,
  { postgres, serve }: FlowServerDeps,
  metrics: ApiMetrics,
  state: { readonly isStopping: boolean },
): void {
  const tags = ['watching'];
  server.get('/heartbeat', { schema: { tags, summary: 'Whether the process lives.' } }, () => ({ status: 'live' }));
  server.get('/ready', { schema: { tags, summary: 'Whether requests can be answered.' } }, async (_request, reply) => {
    const reason = state.isStopping ? 'the server is stopping' : await postgres.query('select 1').then(() => null, messageOf);
    return reply.code(reason === null ? 200 : 503).send(reason === null ? { status: 'ready' } : { status: 'away', reason });
  });
  server.register(async (scope) => {
    requireToken(scope, bearerMatch(serve.tokens));
    scope.get('/metrics', { schema: { tags, summary: 'For Prometheus.' } }, async (_request, reply) =>
      reply
        .type(metrics.contentType)
        .serializer(String)
        .send(await metrics.print()),
    );
  });
}

function requireToken(scope: FastifyInstance, match: MatchBearer): void {
  scope.addHook('onRequest', (request, _reply, done) => {
    const shown = match(request.headers.authorization);
    if (shown === 'ok') done();
    else done(new Refusal('unauthenticated', shown === 'missing' ? 'A bearer token is expected.' : 'The token is not known here.'));
  });
}

function refuse(request: FastifyRequest, reply: FastifyReply, { kind, message, details }: Refusal): FastifyReply {
  const { retryAfterMs, ...told } = details;
  if (retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(retryAfterMs / 1000));
  if (kind === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
  return reply.code(refusals[kind]).send({ error: kind, message, request_id: request.id, ...told });
}

async function start(server: FastifyInstance, { host, port }: ServeConfig): Promise<string> {
  try {
    await server.ready();
  } catch (cause) {
    if ((cause as FastifyError).code !== 'FST_ERR_DUPLICATED_ROUTE') throw cause;
    throw new GccflowError('NAME_DUPLICATE', `Two routes would take the same requests: ${messageOf(cause)}.`, {
      cause,
      hint: 'Give one of the flows another path in `serve`.',
    });
  }
  try {
    return await server.listen({ host, port });
  } catch (cause) {
    const taken = messageOf(cause).includes('EADDRINUSE');
    throw new GccflowError(
      'SERVE_ADDRESS',
      `Flows cannot be served at ${host}:${port}: ${taken ? 'the port is taken' : messageOf(cause)}.`,
      {
        cause,
        hint: taken
          ? 'Another process listens there, perhaps another `gccflow serve scrape`; stop it or give another port by `--port`.'
          : undefined,
      },
    );
  }
}

/** Requests under way are answered; what takes too long is aborted, and answered so; what does not heed that is cut off. */
async function end(server: FastifyInstance, { tasks }: FlowServerDeps): Promise<void> {
  const aborting = setTimeout(() => tasks.abort(), stopMs - abortMs);
  const cutting = setTimeout(() => server.server.closeAllConnections(), stopMs);
  await server.close();
  clearTimeout(aborting);
  clearTimeout(cutting);
}

/** Anyone who reaches the address may spend the providers' quotas where no token is asked for. */
function warnOfOpenDoors({ serve: { host, tokens }, log }: FlowServerDeps): void {
  if (tokens.length === 0 && !/^(127\.|localhost$|::1$)/.test(host)) log.warn({ host }, 'took requests without token');
}
