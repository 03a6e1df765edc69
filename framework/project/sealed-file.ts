import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** A file of a cache: lines, and as its last one a seal over them and over the code that wrote them. */
export interface SealedFile {
  readonly dir: string;
  readonly name: string;
  /** Of `parserVersion`. */
  readonly version: string;
}

/** The lines of a file, one made at a time; null where it is absent, damaged, or of another version. */
export function readSealedFile({ dir, name, version }: SealedFile): Iterable<string> | null {
  try {
    const bytes = readFileSync(join(dir, name));
    const end = bytes.lastIndexOf('\n') + 1;
    return bytes.toString('latin1', end) === sealOf(version, crc32(bytes.subarray(0, end))) ? linesOf(bytes, end) : null;
  } catch {
    return null;
  }
}

function* linesOf(bytes: Buffer, end: number): Generator<string> {
  for (let start = 0; start < end; ) {
    const stop = bytes.indexOf('\n', start);
    yield bytes.toString('utf8', start, stop);
    start = stop + 1;
  }
}

/** Replaces a file, whole or not at all. A folder that cannot be written is not an error. */
export function writeSealedFile({ dir, name, version }: SealedFile, lines: Iterable<string>): void {
  const path = join(dir, name);
  const temporary = `${path}.${process.pid}`;
  try {
    mkdirSync(dir, { recursive: true });
    removeLeftovers(dir, name);
    writeLines(temporary, version, lines);
    renameSync(temporary, path);
  } catch {
    // the next run parses again
  }
}

/** Removes what runs that were killed while they wrote have left behind. */
function removeLeftovers(dir: string, name: string): void {
  for (const file of readdirSync(dir)) {
    const pid = file.startsWith(`${name}.`) ? file.slice(name.length + 1) : '';
    if (/^\d+$/.test(pid) && !isRunning(Number(pid))) rmSync(join(dir, file), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // another user's
  }
}

function writeLines(path: string, version: string, lines: Iterable<string>): void {
  const file = openSync(path, 'w');
  try {
    let checksum = 0;
    for (const line of lines) {
      const bytes = Buffer.from(`${line}\n`);
      checksum = crc32(bytes, checksum);
      writeFileSync(file, bytes);
    }
    writeFileSync(file, sealOf(version, checksum));
  } finally {
    closeSync(file);
  }
}

function sealOf(version: string, checksum: number): string {
  return `${crc32(version)} ${checksum}`;
}

/** Changes with every change of this room's code, and of Node. */
export function parserVersion(): string {
  return codeVersion([import.meta.dirname]);
}

/** Changes with every change of the code in these folders and below, and of Node. */
export function codeVersion(dirs: readonly string[]): string {
  const stamps = dirs.flatMap((dir) => {
    const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) => /\.[jt]s$/.test(file));
    return files.toSorted().map((file) => {
      const { size, mtimeMs } = statSync(join(dir, file));
      return `${file} ${size} ${mtimeMs}`;
    });
  });
  return [process.version, ...stamps].join('\n');
}
