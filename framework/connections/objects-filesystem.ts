import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GccflowError, messageOf } from '../foundation/error.ts';
import { quoteText } from '../foundation/quote.ts';
import { isAlive } from './is-alive.ts';
import type { ObjectStore, TableFunction } from './objects.ts';

/** Where objects are while they are written, by the process that writes them. No key begins like this. */
const unfinished = '.unfinished';

/** An object store that is a folder of this machine. An object is written elsewhere in it and renamed, so no half of one is seen. */
export class FilesystemObjects implements ObjectStore {
  readonly kind = 'filesystem';
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  put(key: string, body: Readable | Uint8Array | string, signal?: AbortSignal): Promise<void> {
    return this.#guard(key, async () => {
      const path = this.#path(key);
      const fresh = join(this.#dir, unfinished, `${process.pid}-${randomBytes(4).toString('hex')}`);
      for (const folder of [dirname(path), dirname(fresh)]) await mkdir(folder, { recursive: true });
      try {
        const source = body instanceof Readable ? body : Readable.from([body]);
        await pipeline(source, createWriteStream(fresh), signal === undefined ? {} : { signal });
        await syncFile(fresh);
        await rename(fresh, path);
      } finally {
        await rm(fresh, { force: true });
      }
    });
  }

  get(key: string, signal?: AbortSignal): Promise<Readable> {
    return this.#guard(key, async () => {
      const file = await open(this.#path(key));
      return createReadStream('', { fd: file, highWaterMark: 256 * 1024, ...(signal === undefined ? {} : { signal }) });
    });
  }

  size(key: string): Promise<number | null> {
    return this.#guard(key, async () => {
      try {
        return (await stat(this.#path(key))).size;
      } catch (thrown) {
        if (isMissing(thrown)) return null;
        throw thrown;
      }
    });
  }

  /** Of the bytes as they are: nothing is kept beside a file that could tell of another one. */
  sha256(key: string, signal?: AbortSignal): Promise<string | null> {
    return this.#guard(key, async () => {
      const hash = createHash('sha256');
      try {
        await pipeline(createReadStream(this.#path(key)), hash, signal === undefined ? {} : { signal });
      } catch (thrown) {
        if (isMissing(thrown)) return null;
        throw thrown;
      }
      return hash.digest('hex');
    });
  }

  list(prefix: string): Promise<string[]> {
    return this.#guard(prefix, async () => {
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      const keys = await this.#keysBelow(folder);
      return keys.filter((key) => key.startsWith(prefix) && !key.startsWith(`${unfinished}/`)).sort();
    });
  }

  /** A folder that another process removes in the meantime holds nothing; those beside it still count. */
  async #keysBelow(folder: string): Promise<string[]> {
    const entries = await readdir(this.#path(folder), { withFileTypes: true }).catch((thrown) => {
      if (isMissing(thrown)) return [];
      throw thrown;
    });
    const found = entries.map(async (entry) => {
      if (entry.isDirectory()) return this.#keysBelow(`${folder}${entry.name}/`);
      return entry.isFile() ? [`${folder}${entry.name}`] : [];
    });
    return (await Promise.all(found)).flat();
  }

  /** Folders that become empty go too. */
  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#guard(key, () => rm(this.#path(key), { force: true }));
    for (const folder of new Set(keys.map((key) => dirname(this.#path(key))))) await rmdir(folder).catch(() => {});
  }

  /** Removes what processes that are gone have not written to its end. */
  async sweep(): Promise<void> {
    const dir = join(this.#dir, unfinished);
    const dead = (await readdir(dir).catch(() => [])).filter((name) => !isAlive(Number.parseInt(name, 10)));
    for (const name of dead) await this.#guard(name, () => rm(join(dir, name), { force: true }));
  }

  async prepare(key: string): Promise<void> {
    await this.#guard(key, async () => {
      await mkdir(dirname(this.#path(key)), { recursive: true });
    });
  }

  tableFunction(key: string, format: string, structure: string | null): TableFunction {
    const args = [this.#path(key), format, ...(structure === null ? [] : [structure])];
    return {
      sql: `file(${args.map((argument) => quoteText(argument, 'clickhouse')).join(', ')})`,
      params: {},
      settings: { engine_file_truncate_on_insert: 1 },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #path(key: string): string {
    return join(this.#dir, ...key.split('/'));
  }

  async #guard<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (thrown) {
      const code = (thrown as NodeJS.ErrnoException).code;
      if (code === undefined || !/^E[A-Z]+$/.test(code)) throw thrown;
      throw new GccflowError(
        'OBJECTS_UNREACHABLE',
        `The object '${key}' in ${this.#dir} cannot be read or written: ${messageOf(thrown)}.`,
        {
          hint: 'Check that the folder exists, that gccflow may write to it, and that the disk has room.',
          cause: thrown,
        },
      );
    }
  }
}

async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.datasync();
}

function isMissing(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException).code === 'ENOENT';
}
