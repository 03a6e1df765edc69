import { type Stats, statSync } from 'node:fs';

/** What tells one state of a file from another without reading it: size, times of change, and inode. */
export type FileStamp = readonly [size: number, mtimeMs: number, ctimeMs: number, inode: number];

const quietly = { throwIfNoEntry: false } as const;

/** The stamp of a file; null where there is none, or none that can be looked at. */
export function stampOf(dir: string, file: string): FileStamp | null {
  try {
    const stats: Stats | undefined = statSync(`${dir}/${file}`, quietly);
    return stats ? [stats.size, stats.mtimeMs, stats.ctimeMs, stats.ino] : null;
  } catch {
    return null; // reading it will say why
  }
}
