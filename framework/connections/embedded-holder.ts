import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { GccflowError, messageOf } from '../foundation/error.ts';
import { isAlive } from './is-alive.ts';

/** The error for a data directory that did not open: who holds it, as far as ClickHouse's own status file says. */
export async function openingFailure(path: string, thrown: unknown): Promise<GccflowError> {
  if (thrown instanceof GccflowError) return thrown;
  if (/only one active data directory|still releasing its connection/.test(messageOf(thrown))) {
    return new GccflowError('WAREHOUSE_HELD', `The embedded warehouse '${path}' cannot open: this process has another one open.`, {
      cause: thrown,
      hint: 'The engine takes one data directory a process.',
    });
  }
  const pid = await holderOf(path);
  if (pid !== null) return heldBy(pid, path, thrown);
  const why = (thrown as NodeJS.ErrnoException | null)?.code;
  return new GccflowError('WAREHOUSE_UNREACHABLE', `The embedded warehouse '${path}' does not open${why ? ` (${why})` : ''}.`, {
    cause: thrown,
    hint: 'It must be a folder that this user can write, on a disk with room; ClickHouse may have said more on stderr.',
  });
}

/**
 * Throws WAREHOUSE_HELD where another process surely has the directory open. A refused opening would end so too, but the engine would
 * write a line of its own to stderr. Where processes do not show their files (macOS, other users), opening is left to find out.
 */
export async function refuseIfHeld(path: string): Promise<void> {
  const pid = await holderOf(path);
  if (pid !== null && (await hasOpen(pid, join(path, 'status')))) throw heldBy(pid, path);
}

async function hasOpen(pid: number, file: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const open = await readdir(folder).catch(() => []);
  const files = await Promise.all(open.map((fd) => readlink(join(folder, fd)).catch(() => '')));
  return files.includes(await realpath(file).catch(() => file));
}

function heldBy(pid: number, path: string, cause?: unknown): GccflowError {
  return new GccflowError('WAREHOUSE_HELD', `The embedded warehouse '${path}' is held by process ${pid}.`, {
    cause,
    hint: "Wait until it ends; to share the warehouse between processes, run 'gccflow warehouse serve' and leave it running.",
  });
}

/** The process that ClickHouse noted in the directory, if it lives and is not this one. */
export async function holderOf(path: string): Promise<number | null> {
  const status = await readFile(join(path, 'status'), 'utf8').catch(() => '');
  const pid = Number(/^PID: (\d+)/m.exec(status)?.[1] ?? 0);
  return pid > 0 && pid !== process.pid && isAlive(pid) ? pid : null;
}
