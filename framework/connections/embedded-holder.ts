import { readFile } from 'node:fs/promises';
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
  if (pid !== null) {
    return new GccflowError('WAREHOUSE_HELD', `The embedded warehouse '${path}' is held by process ${pid}.`, {
      cause: thrown,
      hint: "Wait until it ends; to share the warehouse between processes, run 'gccflow warehouse serve' and leave it running.",
    });
  }
  const why = (thrown as NodeJS.ErrnoException | null)?.code;
  return new GccflowError('WAREHOUSE_UNREACHABLE', `The embedded warehouse '${path}' does not open${why ? ` (${why})` : ''}.`, {
    cause: thrown,
    hint: 'It must be a folder that this user can write, on a disk with room; ClickHouse may have said more on stderr.',
  });
}

/** The process that ClickHouse noted in the directory, if it lives and is not this one. */
export async function holderOf(path: string): Promise<number | null> {
  const status = await readFile(join(path, 'status'), 'utf8').catch(() => '');
  const pid = Number(/^PID: (\d+)/m.exec(status)?.[1] ?? 0);
  return pid > 0 && pid !== process.pid && isAlive(pid) ? pid : null;
}
