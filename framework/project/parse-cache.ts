import { hash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type FileStamp, stampOf } from './file-stamp.ts';
import type { FileContent } from './parse-file.ts';
import type { ParsedFile } from './parse-found-file.ts';

/** What is kept of one file. */
interface Entry {
  readonly stamp: FileStamp;
  readonly readAt: number;
  readonly contentHash: string;
  readonly content: FileContent;
}

/**
 * A file whose time of change lies less than this before it was read may change again under the same stamp, so it is read again
 * (git calls it racily clean). Coarser than any file system's clock.
 */
const racyMs = 2_000;

const fileName = 'parse-cache.json';
/** Written at once: all of 10,000 in one text, and its bytes, took 40 MB at the moment when most is held anyway. */
const filesPerLine = 500;

/**
 * What earlier runs parsed, by file. An entry counts while the file has the same stamp, or the same bytes; so a file that was
 * changed, added, removed or renamed is always noticed. A cache that is damaged, of another version or absent is an empty one.
 * Holds no value of the environment. Runs at the same time each write a whole file and rename it, so the last one wins.
 */
export class ParseCache {
  readonly #dir: string | null;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(dir: string | null, entries: ReadonlyMap<string, Entry>) {
    this.#dir = dir;
    this.#entries = entries;
  }

  /** The cache in a folder; null keeps nothing. */
  static read(cacheDir: string | null): ParseCache {
    return new ParseCache(cacheDir, cacheDir === null ? new Map() : readEntries(join(cacheDir, fileName)));
  }

  /** What a file declares, if it is as it was; null where it must be parsed. */
  find(dir: string, file: string): FileContent | null {
    const entry = this.#entries.get(file);
    const stamp = entry && stampOf(dir, file);
    if (!entry || !stamp) return null;
    const trusted = isSame(entry.stamp, stamp) && Math.max(stamp[1], stamp[2]) < entry.readAt - racyMs;
    return trusted || hasBytes(join(dir, file), entry.contentHash) ? entry.content : null;
  }

  /** Whether the cache knows other files than these. */
  hasOthers(files: ReadonlySet<string>): boolean {
    return [...this.#entries.keys()].some((file) => !files.has(file));
  }

  /** Keeps what was parsed anew and what was found unchanged. A folder that cannot be written is not an error. */
  write(unchanged: readonly string[], parsed: readonly ParsedFile[]): void {
    if (this.#dir === null) return;
    const kept = unchanged.map((file) => [file, this.#entries.get(file)] as const);
    const fresh = parsed.flatMap(({ file, stamp, readAt, contentHash, content, ...result }) =>
      content && isCacheable(result) ? [[file, { stamp, readAt, contentHash, content }] as const] : [],
    );
    const path = join(this.#dir, fileName);
    const temporary = `${path}.${process.pid}`;
    try {
      mkdirSync(this.#dir, { recursive: true });
      removeLeftovers(this.#dir);
      writeLines(temporary, [...kept, ...fresh]);
      renameSync(temporary, path);
    } catch {
      // the next run parses again
    }
  }
}

/** A file with a mistake is read again until it has none; one that reads the environment depends on more than its bytes. */
export function isCacheable({ errors, readsEnv }: Pick<ParsedFile, 'errors' | 'readsEnv'>): boolean {
  return errors.length === 0 && !readsEnv;
}

/** Removes what runs that were killed while they wrote have left behind. */
function removeLeftovers(dir: string): void {
  for (const file of readdirSync(dir)) {
    const [, pid] = /^parse-cache\.json\.(\d+)$/.exec(file) ?? [];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(dir, file), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // another user's
  }
}

/** Writes one list in JSON, some files a line, and the seal as the last line. */
function writeLines(path: string, entries: readonly (readonly [string, Entry | undefined])[]): void {
  const file = openSync(path, 'w');
  try {
    let checksum = 0;
    const write = (text: string): void => {
      const bytes = Buffer.from(text);
      checksum = crc32(bytes, checksum);
      writeFileSync(file, bytes);
    };
    for (let first = 0; first < entries.length; first += filesPerLine) {
      write(`${first === 0 ? '[' : ','}${JSON.stringify(entries.slice(first, first + filesPerLine)).slice(1, -1)}\n`);
    }
    write(']\n');
    writeFileSync(file, seal(checksum));
  } finally {
    closeSync(file);
  }
}

function readEntries(path: string): ReadonlyMap<string, Entry> {
  try {
    const bytes = readFileSync(path);
    const end = bytes.lastIndexOf('\n') + 1;
    const isWhole = bytes.toString('latin1', end) === seal(crc32(bytes.subarray(0, end)));
    return isWhole ? new Map(JSON.parse(bytes.toString('utf8', 0, end)) as [string, Entry][]) : new Map();
  } catch {
    return new Map();
  }
}

/** Names the version of the parser, and what stands above by its checksum. */
function seal(checksum: number): string {
  return `${parserVersion()} ${checksum}`;
}

/** Changes with every change of this room's code. */
function parserVersion(): string {
  const dir = import.meta.dirname;
  const files = readdirSync(dir).filter((file) => /\.[jt]s$/.test(file));
  const stamps = files.toSorted().map((file) => {
    const { size, mtimeMs } = statSync(join(dir, file));
    return `${file} ${size} ${mtimeMs}`;
  });
  return hash('sha256', [process.version, ...stamps].join('\n'));
}

function isSame(a: FileStamp, b: FileStamp): boolean {
  return a.every((part, index) => part === b[index]);
}

function hasBytes(path: string, contentHash: string): boolean {
  try {
    return hash('sha256', readFileSync(path)) === contentHash;
  } catch {
    return false;
  }
}
