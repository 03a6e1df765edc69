import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { freePort, type PrivateServer, startPrivate } from './private-server.ts';
import { lacking } from './services.ts';

const binary = '/usr/bin/redis-server';

/** A Redis of this test's own, which may be killed and flushed. */
export interface PrivateRedis extends PrivateServer {
  readonly port: number;
  readonly url: string;
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
  if (!existsSync(binary)) return lacking('no redis-server is installed', context);
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-redis-'));
  const port = await freePort();
  const url = `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--loglevel', 'warning', ...args];
  if (password !== undefined) settings.push('--requirepass', password);
  const run: PrivateRedis['run'] = (command, ...params) => runOnce(url, command, params);
  const server = await startPrivate({
    dir,
    spawn: () => spawn(binary, settings, { cwd: dir, stdio: 'ignore' }),
    ask: () => run('PING'),
  });
  return { ...server, port, url, run };
}

async function runOnce(url: string, command: string, params: readonly (string | number)[]): Promise<unknown> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => {}); // the promises say it
  try {
    await redis.connect();
    return await redis.call(command, ...params);
  } finally {
    redis.disconnect();
  }
}
