import type { Broker } from '../connections/broker.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';
import type { IngestNode } from '../manifest/manifest.ts';
import { tokenCheck } from './authentication.ts';
import { type EventMethod, openEventMethod } from './event-method.ts';
import { openGrpcServer } from './grpc-server.ts';
import { openHttpServer } from './http-server.ts';
import { Intake } from './intake.ts';
import { type RunningServer, readTls, type ServerDeps } from './listen.ts';
import { openMetrics } from './metrics.ts';
import { Readiness } from './readiness.ts';

export interface IngestDeps {
  readonly broker: Broker;
  readonly projectDir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** An ingest that takes events. Disposing it stops it: not ready, no new requests, an end of those under way, within `stopMs`. */
export interface RunningIngest extends AsyncDisposable {
  /** e.g. `grpc://127.0.0.1:8017`, `http://127.0.0.1:8019`. */
  readonly addresses: readonly string[];
}

/** How long requests that are under way have for their confirms when the server stops. */
export const stopMs = 20_000;

/**
 * Serves an ingest. In mode durable a sender has an OK only for what the broker has stored; what it has no answer for, or another one, may
 * be stored or not, and a repeat carries the same message ids.
 * Throws INGEST_PROTO, INGEST_ADDRESS, FILE_UNREADABLE.
 */
export async function openIngest({ ingest, name, at }: IngestNode, { broker, projectDir, clock, log }: IngestDeps): Promise<RunningIngest> {
  const { grpc, http, host, limits, tokens } = ingest;
  await using opening = new AsyncDisposableStack();
  const method = grpc && (await openEventMethod(grpc, { projectDir, at, maxEvents: limits.events }));
  const tls = ingest.tls && (await readTls(ingest.tls, projectDir, at));
  const publisher = opening.use(await broker.publisher({ window: limits.in_flight, confirmMs: limits.confirm }));
  const metrics = openMetrics(name);
  const intake = new Intake(ingest, { publisher, metrics, log });
  const readiness = opening.use(new Readiness(() => intake.obstacle, log));
  const deps: ServerDeps = { intake, readiness, metrics, limits, checkToken: tokenCheck(tokens), tls, clock, log };
  const servers: RunningServer[] = [];
  opening.defer(() => stop(servers, intake, readiness));
  if (grpc && method) servers.push(await openGrpcServer({ host, port: grpc.port, at }, { ...deps, method }));
  if (http) servers.push(await openHttpServer({ host, port: http.port, at }, { ...deps, routes: http.routes, method }));
  warnOfOpenDoors(ingest, method, log);
  const open = opening.move();
  return { addresses: servers.map(({ address }) => address), [Symbol.asyncDispose]: () => open.disposeAsync() };
}

async function stop(servers: readonly RunningServer[], intake: Intake, readiness: Readiness): Promise<void> {
  const deadline = performance.now() + stopMs;
  readiness.stop();
  const cut = setTimeout(() => {
    for (const server of servers) server.end();
  }, stopMs);
  await Promise.allSettled(servers.map((server) => server[Symbol.asyncDispose]()));
  clearTimeout(cut);
  await intake.drain(Math.max(0, deadline - performance.now()));
}

/** Anyone who reaches the address may send where neither token nor signature is asked for. */
function warnOfOpenDoors({ host, tokens, http }: IngestNode['ingest'], method: EventMethod | null, log: Log): void {
  if (tokens.length > 0 || /^(127\.|localhost$|::1$)/.test(host)) return;
  const routes = (http?.routes ?? []).filter(({ signature }) => !signature || signature.secret === '').map(({ path }) => path);
  const open = [...(method ? [method.path] : []), ...(http && method ? ['/event'] : []), ...routes];
  if (open.length > 0) log.warn({ host, routes: open }, 'took requests without token or signature');
}
