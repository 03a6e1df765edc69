import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { holderOf } from './embedded-holder.ts';

/**
 * A CREATE DATABASE that found the disk full leaves an empty definition, and then the engine does not open the directory again. One
 * without a folder of tables never was a database. Removes such; true when there was one and nobody else is at work in the directory.
 */
export async function removeHalfDatabases(path: string): Promise<boolean> {
  if ((await holderOf(path)) !== null) return false;
  const metadata = join(path, 'metadata');
  const names = new Set(await readdir(metadata).catch(() => []));
  let removed = false;
  for (const name of names) {
    if (!name.endsWith('.sql') || names.has(name.slice(0, -'.sql'.length))) continue;
    if ((await stat(join(metadata, name))).size > 0) continue;
    await rm(join(metadata, name));
    removed = true;
  }
  return removed;
}
