import { isIP } from 'node:net';
import { Agent, buildConnector, type Dispatcher, ProxyAgent } from 'undici';
import { HttpFault, type HttpRequest } from './http-client.ts';
import { isPublicAddress, publicLookup, RefusedAddress } from './public-address.ts';
import { openRecorder, type Recorder, type Recording } from './recorder.ts';

export interface AgentsOptions {
  /** Connections to one host at most; requests beyond wait for one. As many as there are requests where undefined. */
  readonly connectionsPerHost?: number;
  readonly record?: Recording;
}

const proxyProtocols = ['http:', 'https:', 'socks5:'];

/** The pools of connections of a client: one for each way in which connections are made. */
export class Agents implements AsyncDisposable {
  readonly #options: AgentsOptions;
  readonly #agents = new Map<string, Dispatcher>();
  readonly #recorder: Recorder | null;

  constructor(options: AgentsOptions) {
    this.#options = options;
    this.#recorder = options.record === undefined ? null : openRecorder(options.record);
  }

  /** Throws `HttpFault` for a proxy that is no URL, and for a request that must check an address which only the proxy would know. */
  agentFor({ proxy, reach, timeouts, secrets }: HttpRequest): Dispatcher {
    if (this.#recorder !== null) {
      this.#recorder.hide(secrets ?? []);
      return this.#recorder.agent;
    }
    const key = JSON.stringify([proxy, reach, timeouts.connectMs]);
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const agent = this.#open(proxy, reach, timeouts.connectMs);
    this.#agents.set(key, agent);
    return agent;
  }

  /** Whether answers are recorded: as plain text then, so that secrets in them are found. */
  get isRecording(): boolean {
    return this.#recorder !== null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#recorder?.[Symbol.asyncDispose]();
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
  }

  #open(proxy: string | null, reach: HttpRequest['reach'], connectMs: number): Dispatcher {
    // One request a connection, so that a connection that is lost ends one request, and says of it whether it was sent.
    const common = { allowH2: false, connections: this.#options.connectionsPerHost ?? null };
    if (proxy === null) return new Agent({ ...common, connect: reach === 'public' ? publicConnector(connectMs) : { timeout: connectMs } });
    if (reach === 'public') throw new HttpFault('refused_address', 'addresses behind a proxy cannot be checked');
    if (!proxyProtocols.includes(URL.parse(proxy)?.protocol ?? '')) throw new HttpFault('unreachable', 'the proxy is no address of one');
    return new ProxyAgent({ ...common, uri: proxy, connectTimeout: connectMs });
  }
}

/** Connects to public addresses alone. Redirects and repeats come through here as well. */
function publicConnector(connectMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: connectMs, allowH2: false, lookup: publicLookup() });
  return (options, callback) => {
    // An address instead of a name is never looked up.
    if (isIP(options.hostname) !== 0 && !isPublicAddress(options.hostname)) {
      callback(new RefusedAddress(options.hostname), null);
      return;
    }
    connect(options, callback);
  };
}
