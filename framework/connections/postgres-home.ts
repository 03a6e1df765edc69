import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { GccflowError } from '../foundation/error.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';

/** The user an embedded server runs as, where it cannot be ours: PostgreSQL refuses to run as root. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Where an embedded server lives and what starts it. */
export interface PostgresHome {
  /** Holds `data`, and the server's log. */
  readonly dir: string;
  readonly binariesDir: string;
  /** null: ours. */
  readonly user: ServerUser | null;
}

/** Folder of embedded servers whose project their user cannot reach, such as one below root's home. */
const systemDir = '/var/lib/gccflow';

/**
 * Settles where the embedded server of `wantedDir` lives. For root it is another user's process, which must reach its
 * folder and its programs: where a folder above keeps others out, the server lives below /var/lib/gccflow instead.
 */
export async function preparePostgresHome(wantedDir: string, projectDir: string, binaries: PostgresBinaries): Promise<PostgresHome> {
  if (process.getuid?.() !== 0) {
    await mkdir(wantedDir, { recursive: true, mode: 0o700 });
    return { dir: wantedDir, binariesDir: binaries.dir, user: null };
  }
  const user = await findServerUser();
  const dir = await reachableDir(wantedDir, projectDir);
  const programs = (await isReachable(join(binaries.dir, 'bin', 'postgres'))) ? binaries.dir : await copyBinaries(binaries, dir);
  return { dir, binariesDir: programs, user };
}

/** `nobody`, or else the first user that is not root: initdb wants one that has a name. */
async function findServerUser(): Promise<ServerUser> {
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const ordinary = users.filter(([, , uid]) => Number(uid) > 0);
  const chosen = ordinary.find(([name]) => name === 'nobody') ?? ordinary[0];
  if (chosen === undefined) {
    throw new GccflowError('POSTGRES_UNREACHABLE', 'The embedded PostgreSQL cannot run as root, and this machine has no other user.', {
      hint: 'Add a user, run gccflow as one that is not root, or name a server in the target.',
    });
  }
  return { uid: Number(chosen[2]), gid: Number(chosen[3]) };
}

async function reachableDir(wantedDir: string, projectDir: string): Promise<string> {
  const below = relative(projectDir, wantedDir);
  const ours = below !== '' && !below.startsWith('..') && !below.startsWith(sep);
  if (await isReachable(ours ? projectDir : dirname(wantedDir))) {
    await mkdir(wantedDir, { recursive: true });
    await openToPassing(ours ? projectDir : dirname(wantedDir), wantedDir);
    return wantedDir;
  }
  const dir = join(systemDir, createHash('sha256').update(wantedDir).digest('hex').slice(0, 16));
  await mkdir(dir, { recursive: true });
  await openToPassing(dirname(systemDir), dir);
  return dir;
}

/** Lets others pass through, not list, every folder below `from` down to `to`. */
async function openToPassing(from: string, to: string): Promise<void> {
  for (let dir = to; dir !== from && dir !== dirname(dir); dir = dirname(dir)) {
    const { mode } = await stat(dir);
    if ((mode & 0o001) === 0) await chmod(dir, (mode & 0o777) | 0o011);
  }
}

/** Whether any user gets to `path`: every existing folder on the way lets others pass. */
async function isReachable(path: string): Promise<boolean> {
  for (let dir = path; ; dir = dirname(dir)) {
    const found = await stat(dir).catch(() => null);
    if (found !== null && (found.mode & 0o001) === 0) return false;
    if (dir === dirname(dir)) return true;
  }
}

/** A copy that others may run, made once a version. */
async function copyBinaries(binaries: PostgresBinaries, homeDir: string): Promise<string> {
  const to = join(homeDir, `server-${binaries.major}`);
  if ((await stat(join(to, 'complete')).catch(() => null)) !== null) return to;
  await cp(binaries.dir, to, { recursive: true, force: true, verbatimSymlinks: true, filter: (source) => !source.endsWith('.a') });
  for (const entry of await readdir(to, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    await chmod(path, entry.isDirectory() || entry.parentPath.endsWith('bin') ? 0o755 : 0o644);
  }
  await chmod(to, 0o755);
  await mkdir(join(to, 'complete'), { recursive: true });
  return to;
}
