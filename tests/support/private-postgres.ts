import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import { findPostgresBinaries } from '../../framework/connections/postgres-binaries.ts';
import { type PostgresHome, preparePostgresHome } from '../../framework/connections/postgres-home.ts';
import { freePort, type PrivateServer, startPrivate } from './private-server.ts';
import { silentLog } from './warehouse.ts';

/** A PostgreSQL of this test's own, which may be killed. */
export interface PrivatePostgres extends PrivateServer {
  readonly url: string;
}

/** Makes a server and starts it. */
export async function privatePostgres(): Promise<PrivatePostgres> {
  const projectDir = mkdtempSync(join(tmpdir(), 'gccflow-private-postgres-'));
  chmodSync(projectDir, 0o711); // the server may be another user's process
  const home = await preparePostgresHome(join(projectDir, 'server'), projectDir, await findPostgresBinaries());
  const data = join(home.dir, 'data');
  if (home.user !== null) await run('chown', [`${home.user.uid}:${home.user.gid}`, home.dir], { ...home, user: null });
  await run(join(home.binariesDir, 'bin', 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'], home);
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'max_connections=100'];
  const server = await startPrivate({
    dir: projectDir,
    spawn: () => spawn(join(home.binariesDir, 'bin', 'postgres'), ['-D', data, '-p', String(port), ...settings], spawnOptions(home)),
    ask: () => openOnce(url),
    crash: 'SIGQUIT', // its processes end at once and write nothing: of SIGKILL to the first one the others would live on
  });
  return { ...server, url };
}

/** Throws where nobody answers. */
async function openOnce(url: string): Promise<void> {
  await using _postgres = await openPostgres({ type: 'postgres', url }, { projectDir: '.', maxConnections: 1, log: silentLog });
}

function spawnOptions({ user, dir }: PostgresHome) {
  return { stdio: 'ignore', cwd: dir, ...(user !== null && { uid: user.uid, gid: user.gid }) } as const;
}

async function run(command: string, args: readonly string[], home: PostgresHome): Promise<void> {
  const [code] = await once(spawn(command, args, spawnOptions(home)), 'exit');
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
}
