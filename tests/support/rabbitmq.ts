import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { openRabbitmq } from './open-rabbitmq.ts';
import { freePort, type PrivateServer, startPrivate } from './private-server.ts';
import { lacking } from './services.ts';

const run = promisify(execFile);

/** A RabbitMQ of this test's own, which may be killed. It shares nothing with the machine's but Erlang's port mapper. */
export interface PrivateRabbit extends PrivateServer {
  readonly port: number;
  readonly url: string;
  /** Runs `rabbitmqctl` on it. */
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
  const env = await environment(dir, port);
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  const server = await startPrivate({
    dir,
    spawn: () => spawn(join(binaries, 'rabbitmq-server'), { env, cwd: dir, stdio: 'ignore' }),
    ask: () => openOnce(url),
  });
  return { ...server, port, url, ctl: async (...args) => (await run(join(binaries, 'rabbitmqctl'), args, { env, cwd: dir })).stdout };
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

/** Throws where nobody answers. */
async function openOnce(url: string): Promise<void> {
  await using _broker = await openRabbitmq(url);
}
