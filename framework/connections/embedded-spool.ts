import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A folder for rows on their way into or out of the engine, so that they need not fit in memory. Whatever a dead process left is swept at opening. */
export interface Spool extends AsyncDisposable {
  /** Writes a body to a file of its own. */
  write(body: Readable, signal?: AbortSignal): Promise<SpoolFile>;
  /** A name for a file that the engine will write. */
  reserve(): SpoolFile;
}

/** Removed when disposed. */
export interface SpoolFile extends AsyncDisposable {
  readonly path: string;
  read(): Readable;
}

/** Opens a folder of its own below `root`. Who calls holds the warehouse, so folders of other processes are of dead ones. */
export async function openSpool(root: string): Promise<Spool> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  for (const name of await readdir(root)) {
    if (!name.startsWith(`${process.pid}-`)) await rm(join(root, name), { recursive: true, force: true });
  }
  const dir = join(root, `${process.pid}-${randomUUID()}`);
  await mkdir(dir);
  const reserve = (): SpoolFile => {
    const path = join(dir, randomUUID());
    return { path, read: () => createReadStream(path), [Symbol.asyncDispose]: () => rm(path, { force: true }) };
  };
  return {
    reserve,
    async write(body, signal) {
      const file = reserve();
      try {
        await pipeline(body, createWriteStream(file.path, { mode: 0o600 }), signal ? { signal } : {});
        return file;
      } catch (error) {
        await file[Symbol.asyncDispose]();
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}
