import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import type { GccflowError } from '../foundation/error.ts';
import { addressOf, type RedisAddress } from './redis-address.ts';
import { movedTo, redisUnreachable } from './redis-fault.ts';

/** A Lua script, which the server keeps under the name of its hash. */
export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

export function redisScript(text: string): RedisScript {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** What a server says of itself. */
export interface RedisServer {
  /** Another one after every start of the server. */
  readonly runId: string;
  /** e.g. `7.0.15`. */
  readonly version: string;
  /** What it throws away when its memory is full; `noeviction` for nothing. Empty where it does not say. */
  readonly evictionPolicy: string;
}

/** How long the server may take to let us in, and to answer. */
const connectMs = 10_000;
const answerMs = 5_000;
const maxMoves = 5;

/**
 * One connection to the server that holds `key`, which may be another node of the cluster than the one of the address. It is never made
 * again by itself: what is sent over a link goes to the run of the server that the link names, or nowhere. Throws LIMITER_UNREACHABLE.
 */
export async function openRedisLink(address: RedisAddress, key: string): Promise<RedisLink> {
  let target = address;
  for (let moves = 0; moves < maxMoves; moves++) {
    const redis = clientOf(target);
    let fault: Error | null = null;
    redis.on('error', (err: Error) => {
      fault = err; // the promises only say that the connection is closed
    });
    try {
      await redis.connect();
      const server = await readServer(redis, target);
      await redis.call('EXISTS', key);
      return new RedisLink(redis, target.location, server);
    } catch (thrown) {
      redis.disconnect();
      const node = movedTo(thrown);
      if (node === null) throw redisUnreachable('connecting', target.location, fault ?? thrown);
      target = addressOf(node, address);
    }
  }
  throw redisUnreachable('connecting', address.location, new Error('its nodes name each other as the holder of the keys'));
}

/** Nothing is ever sent twice, and nothing waits for a connection. */
function clientOf({ host, port, user, password, database, tls }: RedisAddress): Redis {
  return new Redis({
    host,
    port,
    ...(user !== null && { username: user }),
    ...(password !== null && { password }),
    ...(tls && { tls: { servername: host } }),
    db: database,
    connectionName: 'gccflow',
    disableClientInfo: true,
    protocol: 2,
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: connectMs,
    commandTimeout: answerMs,
    keepAlive: 10_000,
  });
}

async function readServer(redis: Redis, { location }: RedisAddress): Promise<RedisServer> {
  const fields = new Map((await redis.info()).split('\r\n').map((line) => line.split(':', 2) as [string, string | undefined]));
  const isReplica = fields.get('role') === 'slave' && fields.get('cluster_enabled') !== '1';
  if (isReplica) throw redisUnreachable('connecting', location, new Error('it is a replica, and counts are kept by the primary'));
  if (fields.get('loading') === '1') throw redisUnreachable('connecting', location, new Error('it still loads its data'));
  const runId = fields.get('run_id');
  if (runId === undefined) throw redisUnreachable('connecting', location, new Error('its INFO lacks run_id'));
  return { runId, version: fields.get('redis_version') ?? '', evictionPolicy: fields.get('maxmemory_policy') ?? '' };
}

/** A connection for the length of its life. Whatever goes wrong on it may have been done, and throws LIMITER_UNREACHABLE. */
export class RedisLink implements AsyncDisposable {
  readonly server: RedisServer;
  readonly location: string;
  readonly #redis: Redis;
  readonly #lost = Promise.withResolvers<GccflowError>();
  #fault: Error | null = null;

  constructor(redis: Redis, location: string, server: RedisServer) {
    this.#redis = redis;
    this.location = location;
    this.server = server;
    redis.on('error', (fault: Error) => {
      this.#fault = fault;
    });
    redis.once('end', () => {
      this.#lost.resolve(redisUnreachable('counting', location, this.#fault ?? new Error('it closed the connection')));
    });
  }

  /** Resolves with the reason when the connection has ended. */
  get lost(): Promise<GccflowError> {
    return this.#lost.promise;
  }

  async call(command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.#redis.call(command, ...args);
    } catch (thrown) {
      throw this.#failed(thrown);
    }
  }

  /** Runs a script in one round trip; only where the server does not know it, in two. */
  async evaluate(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.#redis.call('EVALSHA', script.sha, keys.length, ...keys, ...args);
    } catch (thrown) {
      if (!(thrown instanceof Error) || !thrown.message.startsWith('NOSCRIPT')) throw this.#failed(thrown);
    }
    return this.call('EVAL', script.text, keys.length, ...keys, ...args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect();
  }

  /** A server that does not answer, or that does not hold the keys any more, is left. */
  #failed(thrown: unknown): GccflowError {
    const error = redisUnreachable('counting', this.location, this.#fault ?? thrown);
    if (!isRefusal(thrown)) {
      this.#fault ??= error;
      this.#redis.disconnect();
    }
    return error;
  }
}

/** The server answered, and another connection would be answered the same. */
function isRefusal(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    thrown.name === 'ReplyError' &&
    !/^(?:MOVED|ASK|READONLY|LOADING|MASTERDOWN|CLUSTERDOWN)\b/.test(thrown.message)
  );
}
