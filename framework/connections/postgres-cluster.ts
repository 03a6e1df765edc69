import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, readdir, readFile, readlink, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GccflowError } from '../foundation/error.ts';
import { isAlive } from './is-alive.ts';
import type { PostgresHome } from './postgres-home.ts';

/** A running server, as its postmaster.pid tells. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

/** COPY and index builds want more than a phone's memory; durability is PostgreSQL's own: fsync and synchronous_commit stay on. */
const serverSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '256MB',
  maintenance_work_mem: '256MB',
  max_wal_size: '4GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  checkpoint_timeout: '15min',
  // 500,000 messages through a queue in 50 s leave a table of 75 MB; with the usual minute between two looks, 670 MB.
  autovacuum_naptime: '5s',
  log_min_messages: 'warning',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

export function dataDirOf(home: PostgresHome): string {
  return join(home.dir, 'data');
}

/** The superuser's password: made with the cluster, kept inside its private folder. */
export async function readClusterPassword(home: PostgresHome): Promise<string> {
  return readFile(join(dataDirOf(home), 'gccflow.password'), 'utf8');
}

/**
 * Makes the cluster if there is none. Built beside and renamed, so that a crash or a second process never leaves half of one;
 * synced to disk once, at its end. Throws POSTGRES_UNREACHABLE for one of another major version.
 */
export async function ensureCluster(home: PostgresHome, major: string): Promise<void> {
  await sweepHalfClusters(home);
  const found = await readFile(join(dataDirOf(home), 'PG_VERSION'), 'utf8').catch(() => null);
  if (found === null) return createCluster(home);
  if (found.trim() === major) return;
  throw new GccflowError(
    'POSTGRES_UNREACHABLE',
    `The embedded PostgreSQL is version ${major}, but its data is of version ${found.trim()}.`,
    {
      hint: `Move ${dataDirOf(home)} away; what was published there is published again by the next run.`,
    },
  );
}

/** Clusters and password files of processes that died while they made them. */
async function sweepHalfClusters(home: PostgresHome): Promise<void> {
  for (const name of await readdir(home.dir)) {
    const maker = /^data\.(\d+)\./.exec(name)?.[1];
    if (maker === undefined || isAlive(Number(maker))) continue;
    // An initdb that outlived its caller may still be writing: it ends when its folder is gone.
    await rm(join(home.dir, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

async function createCluster(home: PostgresHome): Promise<void> {
  const fresh = join(home.dir, `data.${process.pid}.${randomBytes(4).toString('hex')}`);
  const password = randomBytes(24).toString('base64url');
  try {
    await mkdir(fresh, { mode: 0o700 });
    const passwordFile = `${fresh}.password`;
    await writePrivate(passwordFile, password, home);
    await own(fresh, home);
    // biome-ignore format: one option a line reads worse
    await runProgram(home, 'initdb', ['-D', fresh, '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8',
      '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--no-sync', '--no-instructions']);
    await rename(passwordFile, join(fresh, 'gccflow.password'));
    await runProgram(home, 'initdb', ['-D', fresh, '--sync-only']);
    await rename(fresh, dataDirOf(home)).catch(async (thrown) => {
      if ((await stat(dataDirOf(home)).catch(() => null)) === null) throw thrown;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(`${fresh}.password`, { force: true });
  }
}

/** Starts the server and waits until it answers. False when another process was first. */
export async function startServer(home: PostgresHome): Promise<boolean> {
  await removeStaleLock(home);
  const settings = Object.entries({ ...serverSettings, port: String(await freePort()) });
  const logFile = join(home.dir, 'server.log');
  await using log = await open(logFile, 'w', 0o600);
  // Its own process group: an interrupt at the terminal stops gccflow, which then stops the server.
  const server = spawn(
    join(home.binariesDir, 'bin', 'postgres'),
    ['-D', dataDirOf(home), ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { cwd: home.dir, detached: true, stdio: ['ignore', log.fd, log.fd], ...home.user, env: programEnv(home) },
  );
  let ended = false;
  const failed = new Promise<void>((resolve) => {
    const end = (): void => {
      ended = true;
      resolve();
    };
    server.once('exit', end).once('error', end);
  });
  server.unref();
  while (!ended) {
    const postmaster = await readPostmaster(home);
    if (postmaster?.pid === server.pid && postmaster?.ready) return true;
    await Promise.race([failed, sleep(5)]);
  }
  const text = await readFile(logFile, 'utf8').catch(() => '');
  if (/lock file .* already exists|pre-existing shared memory|could not bind/.test(text)) return false;
  throw new GccflowError('POSTGRES_UNREACHABLE', `The embedded PostgreSQL did not start: ${lastWords(text)}`, {
    hint: `Its log is ${logFile}.`,
  });
}

/** PostgreSQL takes any living process of its user that has the old server's number for the server, and refuses to start. */
async function removeStaleLock(home: PostgresHome): Promise<void> {
  const file = join(dataDirOf(home), 'postmaster.pid');
  const [pid] = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  if (isAlive(Number(pid)) && !(await isServer(Number(pid), home))) await rm(file, { force: true });
}

/** The server that has this cluster, or null. One that died without a word is not counted. */
export async function readPostmaster(home: PostgresHome): Promise<Postmaster | null> {
  const text = await readFile(join(dataDirOf(home), 'postmaster.pid'), 'utf8').catch(() => null);
  if (text === null) return null;
  const [pid, , , port, , , , status] = text.split('\n');
  if (!(await isServer(Number(pid), home))) return null;
  return { pid: Number(pid), port: Number(port), ready: status?.trim() === 'ready' };
}

/** PostgreSQL's fast shutdown: ends sessions, writes a checkpoint, leaves. Waits for the end. */
export async function stopServer(home: PostgresHome, pid: number): Promise<void> {
  process.kill(pid, 'SIGINT');
  while (isAlive(pid) && (await readPostmaster(home))?.pid === pid) await sleep(5);
}

/**
 * Whether the process is the server of this cluster: after a crash its number may be somebody else's by now.
 * A server works in its data directory; where the system does not say so, a living process is taken for it.
 */
async function isServer(pid: number, home: PostgresHome): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const dir = await readlink(`/proc/${pid}/cwd`).catch((thrown: NodeJS.ErrnoException) => (thrown.code === 'EACCES' ? '' : null));
  return dir === null ? isAlive(pid) : dir === (await realpath(dataDirOf(home)));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function writePrivate(file: string, text: string, home: PostgresHome): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
  await own(file, home);
}

async function own(path: string, { user }: PostgresHome): Promise<void> {
  if (user !== null) await chown(path, user.uid, user.gid);
  else await chmod(path, (await stat(path)).mode & 0o700);
}

async function runProgram(home: PostgresHome, name: string, args: readonly string[]): Promise<void> {
  const child = spawn(join(home.binariesDir, 'bin', name), args, {
    cwd: home.dir,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...home.user,
    env: programEnv(home),
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) {
    throw new GccflowError('POSTGRES_UNREACHABLE', `The embedded PostgreSQL could not be set up: ${lastWords(errors)}`, {
      hint: `Check that there is room on the disk of ${home.dir} and that it may be written to.`,
    });
  }
}

/** Nothing of our environment: PGDATA, PGPORT or LC_ALL of the caller would change the server. */
function programEnv(home: PostgresHome): NodeJS.ProcessEnv {
  return { LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: join(home.binariesDir, 'lib') };
}

/** What a program's output says went wrong. */
function lastWords(text: string): string {
  const lines = text.trim().split('\n');
  return (lines.findLast((line) => /FATAL|PANIC|error/.test(line)) ?? lines.at(-1) ?? '').replace(/^.*(FATAL|PANIC):\s*/, '');
}
