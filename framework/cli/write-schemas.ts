import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jsonSchemas, schemasDir } from '../project/json-schema.ts';

interface SchemaFile {
  /** Relative to where the command runs. */
  readonly path: string;
  readonly absolutePath: string;
  readonly text: string;
}

/** The schemas whose files are missing or differ from what the code says. `folder` undefined: gccflow's own copy. */
export function staleSchemas(cwd: string, folder: string | undefined): readonly SchemaFile[] {
  const dir = folder === undefined ? fileURLToPath(new URL(`../../${schemasDir}`, import.meta.url)) : resolve(cwd, folder);
  const files = [...jsonSchemas()].map(([name, text]) => ({ path: relative(cwd, join(dir, name)), absolutePath: join(dir, name), text }));
  return files.filter(({ absolutePath, text }) => readOrNull(absolutePath) !== text);
}

export function writeSchemas(files: readonly SchemaFile[]): void {
  for (const { absolutePath, text } of files) {
    mkdirSync(dirname(absolutePath), { recursive: true });
    writeFileSync(absolutePath, text);
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
