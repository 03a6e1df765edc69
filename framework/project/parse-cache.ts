import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../foundation/digest.ts';
import { type FileStamp, stampOf } from './file-stamp.ts';
import type { FileContent } from './parse-file.ts';
import type { ParsedFile } from './parse-found-file.ts';
import { readSealedFile, type SealedFile, writeSealedFile } from './sealed-file.ts';

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

const name = 'parse-cache.json';
/** A list in JSON each: all of 10,000 in one text, and its bytes, took 40 MB at the moment when most is held anyway. */
const filesPerLine = 500;

/**
 * What earlier runs parsed, by file. An entry counts while the file has the same stamp, or the same bytes; so a file that was
 * changed, added, removed or renamed is always noticed. A cache that is damaged, of another version or absent is an empty one.
 * Holds no value of the environment. Runs at the same time each write a whole file and rename it, so the last one wins.
 */
export class ParseCache {
  readonly #file: SealedFile | null;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(file: SealedFile | null, entries: ReadonlyMap<string, Entry>) {
    this.#file = file;
    this.#entries = entries;
  }

  /** The cache in a folder; null keeps nothing. */
  static read(dir: string | null, version: string): ParseCache {
    const file = dir === null ? null : { dir, name, version };
    const entries = new Map<string, Entry>();
    for (const line of (file && readSealedFile(file)) ?? []) {
      for (const [path, entry] of JSON.parse(line) as [string, Entry][]) entries.set(path, entry);
    }
    return new ParseCache(file, entries);
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
    if (this.#file === null) return;
    const kept = unchanged.map((file) => [file, this.#entries.get(file)] as const);
    const fresh = parsed.flatMap(({ file, stamp, readAt, contentHash, content, ...result }) =>
      content && isCacheable(result) ? [[file, { stamp, readAt, contentHash, content }] as const] : [],
    );
    writeSealedFile(this.#file, linesOf([...kept, ...fresh]));
  }
}

function* linesOf(entries: readonly (readonly [string, Entry | undefined])[]): Generator<string> {
  for (let first = 0; first < entries.length; first += filesPerLine) yield JSON.stringify(entries.slice(first, first + filesPerLine));
}

/** A file with a mistake is read again until it has none; one that reads the environment depends on more than its bytes. */
export function isCacheable({ errors, readsEnv }: Pick<ParsedFile, 'errors' | 'readsEnv'>): boolean {
  return errors.length === 0 && !readsEnv;
}

function isSame(a: FileStamp, b: FileStamp): boolean {
  return a.every((part, index) => part === b[index]);
}

function hasBytes(path: string, contentHash: string): boolean {
  try {
    return digestOf('sha256', readFileSync(path)) === contentHash;
  } catch {
    return false;
  }
}
