import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openBroker } from '../../framework/connections/open-broker.ts';
import { needs } from './services.ts';
import { silentLog } from './warehouse.ts';

const run = promisify(execFile);

export interface ScratchVhost extends AsyncDisposable {
  /** A virtual host of this test's own: `amqp://guest:guest@127.0.0.1:5672/…`. */
  readonly url: string;
  readonly vhost: string;
  /** Runs `rabbitmqctl` on this machine's RabbitMQ. */
  ctl(...args: readonly string[]): Promise<string>;
}

/** A fresh virtual host on this machine's RabbitMQ, removed when disposed. Null where there is none, and the test is skipped by name. */
export async function scratchVhost(context: TestContext): Promise<ScratchVhost | null> {
  if (!(await needs('rabbitmq', context))) return null;
  const vhost = `gccflow-${randomUUID().slice(0, 8)}`;
  try {
    await run('rabbitmqctl', ['add_vhost', vhost]);
  } catch (thrown) {
    return lacking('rabbitmqctl cannot make virtual hosts here', context, thrown);
  }
  await run('rabbitmqctl', ['set_permissions', '-p', vhost, 'guest', '.*', '.*', '.*']);
  return {
    url: `amqp://guest:guest@127.0.0.1:5672/${vhost}`,
    vhost,
    ctl: async (...args) => (await run('rabbitmqctl', args)).stdout,
    [Symbol.asyncDispose]: async () => {
      await run('rabbitmqctl', ['delete_vhost', vhost]);
    },
  };
}

/** A RabbitMQ of this test's own, which may be killed. It shares nothing with the machine's but Erlang's port mapper. */
export interface PrivateRabbit extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Starts it, if it does not run, and waits until it takes connections. */
  start(): Promise<void>;
  /** Ends it as a shutdown of the machine would. */
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
  ctl(...args: readonly string[]): Promise<string>;
}

/** The largest message that a private node takes; 128 MiB is the default. */
export const privateMaxBytes = 4 * 2 ** 20;

/** Debian's own commands change the user and read the machine's configuration; these do neither. */
const binaries = '/usr/lib/rabbitmq/bin';

/** Starts a node on ports and in a folder of its own; removed when disposed. Null where RabbitMQ is not installed, and the test is skipped. */
export async function privateRabbit(context: TestContext): Promise<PrivateRabbit | null> {
  if (!existsSync(join(binaries, 'rabbitmq-server'))) return lacking('no rabbitmq-server is installed', context);
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-rabbitmq-'));
  const port = await freePort();
  const node = new PrivateNode(dir, port, await environment(dir, port));
  await node.start();
  return node;
}

class PrivateNode implements PrivateRabbit {
  readonly port: number;
  readonly url: string;
  readonly #dir: string;
  readonly #env: NodeJS.ProcessEnv;
  #server: ChildProcess | null = null;

  constructor(dir: string, port: number, env: NodeJS.ProcessEnv) {
    this.port = port;
    this.url = `amqp://guest:guest@127.0.0.1:${port}`;
    this.#dir = dir;
    this.#env = env;
  }

  async start(): Promise<void> {
    if (this.#server !== null) return;
    this.#server = spawn(join(binaries, 'rabbitmq-server'), { env: this.#env, cwd: this.#dir, stdio: 'ignore' });
    for (const deadline = Date.now() + 60_000; ; await sleep(200)) {
      try {
        await using _broker = await openPrivate(this.url);
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

  async ctl(...args: readonly string[]): Promise<string> {
    return (await run(join(binaries, 'rabbitmqctl'), args, { env: this.#env, cwd: this.#dir })).stdout;
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

async function environment(dir: string, port: number): Promise<NodeJS.ProcessEnv> {
  mkdirSync(join(dir, 'data'));
  writeFileSync(join(dir, '.erlang.cookie'), randomUUID(), { mode: 0o400 });
  const settings = [`listeners.tcp.default = 127.0.0.1:${port}`, `max_message_size = ${privateMaxBytes}`, 'log.file.level = error', ''];
  writeFileSync(join(dir, 'rabbitmq.conf'), settings.join('\n'));
  return {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    HOME: dir,
    RABBITMQ_NODENAME: `gccflow-${port}@localhost`,
    RABBITMQ_DIST_PORT: String(await freePort()),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(dir, 'rabbitmq'),
    RABBITMQ_MNESIA_BASE: join(dir, 'data'),
    RABBITMQ_LOG_BASE: dir,
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, 'plugins'),
    // Keeps the server in the process that was started, so that its id is the one to kill.
    RUNNING_UNDER_SYSTEMD: 'true',
    ERL_FLAGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  };
}

function openPrivate(url: string): Promise<AsyncDisposable> {
  const postgres = { type: 'embedded', path: '' } as const;
  return openBroker({ type: 'rabbitmq', url }, { projectDir: '/', postgres, log: silentLog, signal: new AbortController().signal });
}

/** Below the ports that the system gives to clients: one of those might be taken while the node is down. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await Promise.race([once(server, 'listening').then(() => true), once(server, 'error').then(() => false)]);
    server.close();
    if (isFree) return port;
  }
}

function lacking(what: string, context: TestContext, cause?: unknown): null {
  if (process.env.REQUIRE_SERVICES === '1') throw new Error(what, { cause });
  context.skip(what);
  return null;
}
