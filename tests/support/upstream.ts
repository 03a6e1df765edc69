import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Answer, status, tooMany } from './upstream-answers.ts';

export * from './upstream-answers.ts';

/** A request that came whole. */
export interface Arrival {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** What stands in the path for the names of its route. */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The key that it showed: bearer token, `x-api-key`, `x-rapidapi-key`, or one of the query; null where it showed none. */
  readonly credential: string | null;
  /** When its headers came, on the clock of `performance.now()`, and of `process.hrtime.bigint()`. */
  readonly atMs: number;
  readonly atNs: bigint;
}

/** What a provider permits: at most `requests` of a key in any `perMs`. */
export interface ProviderLimit {
  readonly name: string;
  /** Which count a request belongs to; null for none. */
  readonly key: (arrival: Arrival) => string | null;
  readonly requests: number;
  readonly perMs: number;
  /** By how much the window is shortened, for requests that came later than they were let through. */
  readonly slackMs?: number;
  /** Whether a request too many is answered by 429; it is recorded either way. */
  readonly refuse?: boolean;
}

/** A request that came when its limit was used up. */
export interface Violation {
  readonly limit: string;
  readonly key: string;
  /** Requests in the window that ends with this one. */
  readonly count: number;
  readonly arrival: Arrival;
}

export interface Upstream extends AsyncDisposable {
  /** e.g. `http://127.0.0.1:41234`. */
  readonly url: string;
  /** All requests, in the order in which they came. */
  readonly arrivals: readonly Arrival[];
  readonly violations: readonly Violation[];
  /** Answers the requests that come, one each, in this order, whatever their path. */
  answer(...answers: readonly Answer[]): void;
  /**
   * Answers requests of a route, e.g. `GET /v18.0/{handle}`, or `/{any}` for all methods: one answer each, the last one from then on.
   * Replaces what was said of the same route; the route that was named last is looked at first.
   */
  on(route: string, ...answers: readonly Answer[]): void;
  limit(limit: ProviderLimit): void;
  /** From now on a share of all requests gets one of these answers instead, by chance; the same requests get the same for the same seed. */
  misbehave(plan: { readonly seed: number; readonly share: number; readonly answers: readonly Answer[] }): void;
  arrivalsOf(path: string): readonly Arrival[];
}

/** A provider in this process that answers as it is told, and by `otherwise` what it was not told of; 200 without a body where that is not said. */
export async function openUpstream({ otherwise = status(200) }: { readonly otherwise?: Answer } = {}): Promise<Upstream> {
  const arrivals: Arrival[] = [];
  const violations: Violation[] = [];
  const limits: ((arrival: Arrival) => Answer | null)[] = [];
  const routes: Route[] = [];
  let next: Answer[] = [];
  let fault: () => Answer | null = () => null;

  const answerTo = (arrival: Arrival, route: Route | undefined): Answer => {
    const refusals = limits.map((check) => check(arrival)).find((answer) => answer !== null);
    return refusals ?? fault() ?? next.shift() ?? route?.take() ?? otherwise;
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on('error', () => {});
    const times = { atMs: performance.now(), atNs: process.hrtime.bigint() };
    const { method = '', url = '', headers } = request;
    const { pathname: path, searchParams: query } = new URL(url, 'http://upstream');
    const route = routes.find((candidate) => candidate.fits(method, path));
    const credential = credentialOf(headers, query);
    const params = route?.paramsOf(path) ?? {};
    const arrival = { method, url, path, query, params, headers, body: await text(request), credential, ...times };
    arrivals.push(arrival);
    answerTo(arrival, route)(response, arrival);
  };

  // A client that leaves while it sends is none that arrived.
  const server = createServer((request, response) => void serve(request, response).catch(() => request.destroy()));
  server.keepAliveTimeout = 60_000;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    violations,
    answer: (...answers) => {
      next = [...answers];
    },
    on: (pattern, ...answers) => void routes.unshift(routeOf(pattern, answers)),
    limit: (limit) => void limits.push(limitCheck(limit, violations)),
    misbehave: ({ seed, share, answers }) => {
      const random = randomOf(seed);
      fault = () => (random() < share ? (answers[Math.floor(random() * answers.length)] ?? null) : null);
    },
    arrivalsOf: (path) => arrivals.filter((arrival) => arrival.path === path),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Route {
  fits(method: string, path: string): boolean;
  paramsOf(path: string): Readonly<Record<string, string>>;
  take(): Answer | undefined;
}

function routeOf(pattern: string, answers: readonly Answer[]): Route {
  const [, method, path = ''] = /^(?:([A-Z]+) )?(\/.*)$/.exec(pattern) ?? [];
  const literal = (piece: string): string => piece.replace(/[.*+?^$()[\]\\|]/g, '\\$&');
  const source = literal(path).replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  const regex = new RegExp(`^${source}$`);
  let taken = 0;
  return {
    fits: (given, at) => (method === undefined || method === given) && regex.test(at),
    paramsOf: (at) =>
      Object.fromEntries(Object.entries(regex.exec(at)?.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)])),
    take: () => answers[Math.min(taken++, answers.length - 1)],
  };
}

function limitCheck(limit: ProviderLimit, violations: Violation[]): (arrival: Arrival) => Answer | null {
  const { name, requests, perMs, slackMs = 0, refuse = false } = limit;
  const counts = new Map<string, number[]>();
  return (arrival) => {
    const key = limit.key(arrival);
    if (key === null) return null;
    const begin = arrival.atMs - (perMs - slackMs);
    const times = [...(counts.get(key) ?? []).filter((time) => time > begin), arrival.atMs];
    counts.set(key, times);
    if (times.length <= requests) return null;
    violations.push({ limit: name, key, count: times.length, arrival });
    return refuse ? tooMany(Math.ceil(perMs / 1000)) : null;
  };
}

function credentialOf(headers: IncomingMessage['headers'], query: URLSearchParams): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const named = [headers['x-api-key'], headers['x-rapidapi-key']].find((value) => typeof value === 'string') as string | undefined;
  return bearer ?? named ?? query.get('access_token') ?? query.get('key') ?? query.get('token');
}

/** Numbers from 0 to 1 that look like chance (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
