import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of a project and the files that are looked for in them. */
const places: readonly { readonly root: string; readonly role: FileRole; readonly ending: RegExp }[] = [
  { root: 'sources', role: 'yaml', ending: /\.ya?ml$/ },
  { root: 'sources/seeds', role: 'seed', ending: /\.csv(\.gz)?$/ },
  { root: 'models', role: 'model', ending: /\.sql$/ },
  { root: 'models', role: 'yaml', ending: /\.ya?ml$/ },
  { root: 'sinks', role: 'yaml', ending: /\.ya?ml$/ },
  { root: 'tests/data', role: 'singular-test', ending: /\.sql$/ },
  { root: 'tests/generic', role: 'generic-test', ending: /\.sql$/ },
  { root: 'macros', role: 'macro', ending: /\.hbs$/ },
  { root: 'macros', role: 'helper', ending: /(?<!\.d|\.test)\.ts$/ },
];

export type FileRole = 'yaml' | 'seed' | 'model' | 'singular-test' | 'generic-test' | 'macro' | 'helper';

export interface FoundFile {
  /** Relative to the project's folder, with `/`. */
  readonly file: string;
  readonly role: FileRole;
}

/** All files of a project besides those at its top, sorted by path, so that nothing depends on the file system's order. */
export function findProjectFiles(dir: string): FoundFile[] {
  const roots = [...new Set(places.map(({ root }) => root.split('/')[0] ?? root))];
  const files = roots.flatMap((root) => walk(dir, root));
  const found: FoundFile[] = [];
  for (const file of files.sort()) {
    const place = places.find(({ root, ending }) => file.startsWith(`${root}/`) && ending.test(file));
    if (place) found.push({ file, role: place.role });
  }
  return found;
}

function walk(dir: string, folder: string): string[] {
  const path = join(dir, folder);
  const entries = readFolder(path);
  return entries.flatMap((entry) => {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
    const file = `${folder}/${entry.name}`;
    const isFolder = entry.isSymbolicLink()
      ? statSync(join(path, entry.name), { throwIfNoEntry: false })?.isDirectory()
      : entry.isDirectory();
    return isFolder ? walk(dir, file) : [file];
  });
}

function readFolder(path: string): ReturnType<typeof readDirents> {
  try {
    return readDirents(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

const readDirents = (path: string) => readdirSync(path, { withFileTypes: true });
