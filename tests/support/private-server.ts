import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server of a test's own, which may be stopped and killed; it is killed, and its folder removed, when disposed. */
export interface PrivateServer extends AsyncDisposable {
  /** Starts it, if it does not run, and waits until it answers. */
  start(): Promise<void>;
  /** Ends it as a shutdown of the machine would. */
  stop(): Promise<void>;
  /** Ends it as a crash would: every connection is cut, nothing is said. */
  kill(): Promise<void>;
}

export interface ServerProcess {
  readonly dir: string;
  /** Starts the process that a signal ends. */
  spawn(): ChildProcess;
  /** Throws where it does not answer. */
  ask(): Promise<unknown>;
  /** What ends it as a crash would, with all its processes. Default SIGKILL. */
  readonly crash?: NodeJS.Signals;
}

const startsWithinMs = 60_000;

/** Starts the server. */
export async function startPrivate({ dir, spawn, ask, crash = 'SIGKILL' }: ServerProcess): Promise<PrivateServer> {
  let server: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    if (server !== null) return;
    server = spawn();
    for (const deadline = Date.now() + startsWithinMs; ; await sleep(50)) {
      try {
        await ask();
        return;
      } catch (thrown) {
        if (Date.now() > deadline) throw thrown;
      }
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = server;
    server = null;
    if (running === null || running.exitCode !== null) return;
    const ended = once(running, 'exit');
    running.kill(signal);
    await ended;
  };
  await start();
  return {
    start,
    stop: () => end('SIGTERM'),
    kill: () => end(crash),
    [Symbol.asyncDispose]: async () => {
      await end(crash);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A port of 127.0.0.1, below those that the system gives to clients: one of them might take it while the server is down. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await Promise.race([once(server, 'listening').then(() => true), once(server, 'error').then(() => false)]);
    server.close();
    if (isFree) return port;
  }
}
