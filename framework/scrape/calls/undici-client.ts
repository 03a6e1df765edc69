import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, interceptors } from 'undici';
import { Agents, type AgentsOptions } from './agents.ts';
import { type Deadline, openDeadline } from './deadline.ts';
import { acceptedEncodings, decompress } from './decompress.ts';
import { type HttpAnswer, type HttpClient, HttpFault, type HttpRequest, type StreamedAnswer } from './http-client.ts';
import { toHttpFault, totalTimeFault, wasLost, wasUnsent } from './http-fault.ts';

const maxRedirections = 5;
const maxRepeats = 2;
const pauseMs = 100;
/** Headers that may be sent on to another origin; any other may hold a secret. */
const harmless = new Set(['accept', 'accept-encoding', 'accept-language', 'content-type', 'user-agent']);

/** Opens a client over undici. Disposing it breaks off what is on its way. */
export function openHttpClient(options: AgentsOptions = {}): HttpClient {
  return new UndiciClient(new Agents(options));
}

class UndiciClient implements HttpClient {
  readonly #agents: Agents;

  constructor(agents: Agents) {
    this.#agents = agents;
  }

  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    await using answer = await this.stream(request, signal);
    const chunks: Buffer[] = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    const { status, headers, url } = answer;
    return { status, headers, url, body: Buffer.concat(chunks) };
  }

  async stream(request: HttpRequest, signal: AbortSignal): Promise<StreamedAnswer> {
    signal.throwIfAborted();
    const exchange: Exchange = { request, host: request.url.host, deadline: openDeadline(request.timeouts.totalMs, signal), signal };
    try {
      return streamedAnswer(exchange, await this.#ask(exchange));
    } catch (thrown) {
      exchange.deadline[Symbol.dispose]();
      throw faultOf(thrown, exchange);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agents[Symbol.asyncDispose]();
  }

  /** Asks until there is an answer, and not again where the request may have done something. */
  async #ask(exchange: Exchange): Promise<Dispatcher.ResponseData> {
    const { request, deadline } = exchange;
    for (let repeats = 0; ; repeats++) {
      try {
        return await this.#askOnce(request, deadline.signal);
      } catch (thrown) {
        if (deadline.signal.aborted || repeats === maxRepeats || !mayRepeat(request, thrown)) throw thrown;
      }
      await sleep(pauseMs * 2 ** repeats, undefined, { signal: deadline.signal });
    }
  }

  #askOnce(request: HttpRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { url, method, body, timeouts } = request;
    requireHttp(url);
    const accepted = this.#agents.isRecording ? 'identity' : acceptedEncodings;
    const headers = { 'accept-encoding': accepted, ...request.headers };
    const stripHeadersOnCrossOriginRedirect = Object.keys(headers).filter((name) => !harmless.has(name.toLowerCase()));
    const redirect = interceptors.redirect({ maxRedirections, throwOnMaxRedirect: true, stripHeadersOnCrossOriginRedirect });
    return this.#agents
      .agentFor(request)
      .compose(redirect)
      .request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers,
        body,
        headersTimeout: timeouts.headersMs,
        bodyTimeout: timeouts.bodyMs,
        signal,
      });
  }
}

interface Exchange {
  readonly request: HttpRequest;
  readonly host: string;
  readonly deadline: Deadline;
  /** The caller's own. */
  readonly signal: AbortSignal;
}

function requireHttp(url: URL): void {
  if (url.protocol === 'http:' || url.protocol === 'https:') return;
  throw new HttpFault('refused_address', `addresses that begin with ${url.protocol} are not asked`);
}

/** The caller's own reason where it was the caller who broke off. */
function faultOf(thrown: unknown, { request, host, deadline, signal }: Exchange): unknown {
  if (deadline.isOver) return totalTimeFault(host, request.timeouts);
  return signal.aborted ? signal.reason : toHttpFault(thrown, host, request.timeouts);
}

function mayRepeat({ method, repeat }: HttpRequest, thrown: unknown): boolean {
  if (wasUnsent(thrown)) return true;
  return repeat === undefined && (method === 'GET' || method === 'HEAD') && wasLost(thrown);
}

function streamedAnswer(exchange: Exchange, data: Dispatcher.ResponseData): StreamedAnswer {
  const { request, host, deadline } = exchange;
  const status = data.statusCode;
  const packed = flatten(data.headers);
  // A body that is destroyed says so by an error, which nobody may be waiting for.
  data.body.on('error', () => {});
  const isEmpty = request.method === 'HEAD' || status === 204 || status === 304;
  const encoding = isEmpty ? '' : (packed['content-encoding'] ?? '');
  if (!isEmpty && Number(packed['content-length']) > request.maxBytes) {
    data.body.destroy();
    throw tooLarge(exchange);
  }
  const body = decompress(data.body, encoding, host);
  const { 'content-encoding': _encoding, 'content-length': _length, ...unpacked } = packed;
  return {
    status,
    headers: body === data.body ? packed : unpacked,
    url: urlAfter(data, request.url),
    body: readBody(body, exchange),
    [Symbol.asyncDispose]: async () => {
      deadline[Symbol.dispose]();
      data.body.destroy();
    },
  };
}

async function* readBody(body: Readable, exchange: Exchange): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > exchange.request.maxBytes) throw tooLarge(exchange);
      yield chunk;
    }
  } catch (thrown) {
    throw faultOf(thrown, exchange);
  } finally {
    exchange.deadline[Symbol.dispose]();
  }
}

function tooLarge({ host, request }: Exchange): HttpFault {
  return new HttpFault('too_large', `${host} answered with more than ${request.maxBytes.toLocaleString('en')} bytes`);
}

function flatten(headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name.toLowerCase(), value] as const]));
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'string' ? value : value.join(', ')]));
}

/** The last address of the redirects, which undici keeps in an untyped place. */
function urlAfter({ context }: Dispatcher.ResponseData, asked: URL): URL {
  const history: unknown = 'history' in context ? context.history : undefined;
  const last: unknown = Array.isArray(history) ? history.at(-1) : undefined;
  return last instanceof URL ? last : asked;
}
