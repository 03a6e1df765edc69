import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { lacking, needs } from './services.ts';

const run = promisify(execFile);

export interface ScratchVhost extends AsyncDisposable {
  /** A virtual host of this test's own: `amqp://guest:guest@127.0.0.1:5672/…`. */
  readonly url: string;
  readonly vhost: string;
  /** Closes all connections to it from the broker's side. */
  cutConnections(): Promise<void>;
  /** Runs `rabbitmqctl` on this machine's RabbitMQ. */
  ctl(...args: readonly string[]): Promise<string>;
}

/** A fresh virtual host on this machine's RabbitMQ, removed when disposed. Null where there is none, and the test is skipped by name. */
export async function scratchVhost(context: TestContext): Promise<ScratchVhost | null> {
  if (!(await needs('rabbitmq', context))) return null;
  const vhost = `gccflow-${randomUUID().slice(0, 8)}`;
  const name = `<<"${vhost}">>`;
  const permissions = `rabbit_auth_backend_internal:set_permissions(<<"guest">>, ${name}, <<".*">>, <<".*">>, <<".*">>, ${actor})`;
  try {
    await evaluate(`ok = rabbit_vhost:add(${name}, ${actor}), ok = ${permissions}.`);
  } catch (thrown) {
    return lacking('rabbitmqctl cannot make virtual hosts here', context, thrown);
  }
  return {
    url: `amqp://guest:guest@127.0.0.1:5672/${vhost}`,
    vhost,
    cutConnections: () => {
      const ours = `[{pid, Pid}, {vhost, ${name}}] <- rabbit_networking:connection_info_all([pid, vhost])`;
      return evaluate(`[rabbit_networking:close_connection(Pid, "a test") || ${ours}].`);
    },
    ctl: async (...args) => (await run('rabbitmqctl', args)).stdout,
    [Symbol.asyncDispose]: () => evaluate(`ok = rabbit_vhost:delete(${name}, ${actor}).`),
  };
}

/** Who it was, in the server's log. */
const actor = '<<"gccflow">>';

/** Where Debian's RabbitMQ keeps the cookie that lets others into its node. */
const home = '/var/lib/rabbitmq';
const node = 'localhost:25672';

/**
 * Runs Erlang in the broker: by `erl_call`, in 0.1 s, where it is installed and the cookie may be read; else by `rabbitmqctl`,
 * which starts a virtual machine for it and takes two seconds of a core.
 */
async function evaluate(expressions: string): Promise<void> {
  const child = spawn('erl_call', ['-address', node, '-timeout', '60', '-e'], {
    env: { ...process.env, HOME: home },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child
    .on('error', () => {})
    .stdin.on('error', () => {})
    .end(`${expressions}\n`);
  const answer = await text(child.stdout);
  if (answer.startsWith('{ok,')) return;
  if (answer !== '') throw new Error(`${expressions} ${answer}`);
  await run('rabbitmqctl', ['eval', expressions]);
}
