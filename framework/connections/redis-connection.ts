import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../foundation/duration.ts';
import type { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import { openRedisLink, type RedisLink } from './redis.ts';
import { parseRedisUrl, type RedisAddress } from './redis-address.ts';
import { redisUnreachable } from './redis-fault.ts';

export interface RedisOptions {
  /** Of the nodes of a cluster, the one that holds this key is connected to. */
  readonly key: string;
  readonly log: Log;
  /** Ends the making of new connections; one that is there stays. */
  readonly signal: AbortSignal;
}

const firstDelayMs = 100;
const maxDelayMs = 5_000;

/**
 * Connects to Redis, and from then on keeps the connection alive. A server that is away at first is no error: it may come. Throws
 * LIMITER_UNREACHABLE where the url is none.
 */
export async function openRedis(url: string, options: RedisOptions): Promise<RedisConnection> {
  const connection = new RedisConnection(parseRedisUrl(url), options);
  await connection.connect();
  return connection;
}

export class RedisConnection implements AsyncDisposable {
  readonly location: string;
  readonly #address: RedisAddress;
  readonly #options: RedisOptions;
  readonly #ending = new AbortController();
  #link: RedisLink | null = null;
  #fault: GccflowError;
  #sinceMs = 0;
  #reconnecting: Promise<void> = Promise.resolve();
  #isWarned = false;

  constructor(address: RedisAddress, options: RedisOptions) {
    this.#address = address;
    this.#options = options;
    this.location = address.location;
    this.#fault = redisUnreachable('connecting', address.location, new Error('nobody has connected yet'));
  }

  async connect(): Promise<void> {
    try {
      this.#adopt(await openRedisLink(this.#address, this.#options.key));
    } catch (thrown) {
      this.#lose(redisUnreachable('connecting', this.location, thrown));
    }
  }

  /** The connection that is there. Throws LIMITER_UNREACHABLE at once where there is none. */
  link(): RedisLink {
    if (this.#link === null) throw this.#fault;
    return this.#link;
  }

  /** Leaves a server that is not to be used, and connects anew: to another one, where the address leads there by then. */
  leave(link: RedisLink, fault: GccflowError): void {
    if (this.#link !== link) return;
    this.#lose(fault);
    void link[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#reconnecting;
    const link = this.#link;
    this.#link = null;
    this.#fault = redisUnreachable('connecting', this.location, new Error('it was closed here'));
    await link?.[Symbol.asyncDispose]();
  }

  #adopt(link: RedisLink): void {
    this.#link = link;
    this.#warnOfEviction(link);
    void link.lost.then((fault) => {
      if (this.#link === link) this.#lose(fault);
    });
  }

  #lose(fault: GccflowError): void {
    this.#link = null;
    this.#fault = fault;
    this.#sinceMs = performance.now();
    this.#options.log.warn({ limiter: this.location, reason: fault.message }, 'limiter connection lost');
    this.#reconnecting = this.#reconnect();
  }

  /** Tries for ever. The delays grow, and are random so that many processes do not come back at once. */
  async #reconnect(): Promise<void> {
    const signal = AbortSignal.any([this.#ending.signal, this.#options.signal]);
    for (let attempts = 1; !signal.aborted; attempts++) {
      try {
        await sleep(Math.random() * Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempts, 10)), undefined, { signal });
        return this.#return(await openRedisLink(this.#address, this.#options.key), attempts);
      } catch (thrown) {
        if (!signal.aborted) this.#stillLost(thrown, attempts);
      }
    }
  }

  #return(link: RedisLink, attempts: number): void {
    const lasted = formatDuration(performance.now() - this.#sinceMs);
    this.#options.log.info({ limiter: this.location, attempts, lasted }, 'limiter connection restored');
    this.#adopt(link);
  }

  #stillLost(thrown: unknown, attempts: number): void {
    this.#fault = redisUnreachable('connecting', this.location, thrown);
    this.#options.log.debug({ limiter: this.location, attempts, reason: this.#fault.message }, 'limiter connection not restored');
  }

  #warnOfEviction({ server: { evictionPolicy } }: RedisLink): void {
    if (this.#isWarned || evictionPolicy === '' || evictionPolicy === 'noeviction') return;
    this.#isWarned = true;
    this.#options.log.warn(
      { limiter: this.location, policy: evictionPolicy },
      'limiter may throw counts away when its memory is full: set maxmemory-policy to noeviction',
    );
  }
}
