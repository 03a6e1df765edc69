import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

const binary = '/usr/bin/redis-server';

/** A Redis of this test's own, which may be killed and flushed. */
export interface PrivateRedis extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Starts it, if it does not run, and waits until it answers. */
  start(): Promise<void>;
  /** Ends it as a shutdown of the machine would. */
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Runs one command over a connection of its own. */
  run(command: string, ...args: readonly (string | number)[]): Promise<unknown>;
}

export interface RedisSettings {
  /** As on the command line, e.g. `['--appendonly', 'yes']`. Nothing is kept on disk by default. */
  readonly args?: readonly string[];
  readonly password?: string;
}

/** Starts a server on a port and in a folder of its own; removed when disposed. Null where Redis is not installed, and the test is skipped. */
export async function privateRedis(context: TestContext, { args = [], password }: RedisSettings = {}): Promise<PrivateRedis | null> {
  if (!existsSync(binary)) {
    if (process.env.REQUIRE_SERVICES === '1') throw new Error(`no ${binary}`);
    context.skip('no redis-server is installed');
    return null;
  }
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-redis-'));
  const server = new PrivateServer(
    dir,
    await freePort(),
    [...args, ...(password === undefined ? [] : ['--requirepass', password])],
    password,
  );
  await server.start();
  return server;
}

class PrivateServer implements PrivateRedis {
  readonly port: number;
  readonly url: string;
  readonly #dir: string;
  readonly #args: readonly string[];
  #server: ChildProcess | null = null;

  constructor(dir: string, port: number, args: readonly string[], password: string | undefined) {
    this.port = port;
    this.url = `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
    this.#dir = dir;
    this.#args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--loglevel', 'warning', ...args];
  }

  async start(): Promise<void> {
    if (this.#server !== null) return;
    this.#server = spawn(binary, this.#args, { cwd: this.#dir, stdio: 'ignore' });
    for (const deadline = Date.now() + 30_000; ; await sleep(20)) {
      try {
        await this.run('PING');
        return;
      } catch (thrown) {
        if (Date.now() > deadline) throw thrown;
      }
    }
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async run(command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const redis = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    redis.on('error', () => {}); // the promises say it
    try {
      await redis.connect();
      return await redis.call(command, ...args);
    } finally {
      redis.disconnect();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null || server.exitCode !== null) return;
    const ended = once(server, 'exit');
    server.kill(signal);
    await ended;
  }
}

/** Below the ports that the system gives to clients: one of those might be taken while the server is down. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await Promise.race([once(server, 'listening').then(() => true), once(server, 'error').then(() => false)]);
    server.close();
    if (isFree) return port;
  }
}
