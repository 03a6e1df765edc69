import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { startOf } from '../foundation/location.ts';
import { fileUnreadable } from './file-unreadable.ts';

/** Folders of a project and the files that are looked for in them. */
const places: readonly { readonly root: string; readonly role: FileRole; readonly ending: RegExp }[] = [
  { root: 'sources', role: 'yaml', ending: /\.ya?ml$/ },
  { root: 'sources/seeds', role: 'seed', ending: /\.csv(\.gz)?$/ },
  { root: 'models', role: 'model', ending: /\.sql$/ },
  { root: 'models', role: 'yaml', ending: /\.ya?ml$/ },
  { root: 'flows', role: 'yaml', ending: /\.ya?ml$/ },
  { root: 'sinks', role: 'yaml', ending: /\.ya?ml$/ },
  { root: 'tests/data', role: 'singular-test', ending: /\.sql$/ },
  { root: 'tests/generic', role: 'generic-test', ending: /\.sql$/ },
  { root: 'tests/fixtures', role: 'fixture', ending: /\.(csv|sql)$/ },
  { root: 'macros', role: 'macro', ending: /\.hbs$/ },
  { root: 'macros', role: 'helper', ending: /(?<!\.d|\.test)\.ts$/ },
];

export type FileRole = 'yaml' | 'seed' | 'model' | 'singular-test' | 'generic-test' | 'fixture' | 'macro' | 'helper';

export interface FoundFile {
  /** Relative to the project's folder, with `/`. */
  readonly file: string;
  readonly role: FileRole;
}

/**
 * All files of a project besides those at its top, sorted by path, so that nothing depends on the file system's order.
 * Reports FILE_UNREADABLE for folders that cannot be listed and links that lead in a circle.
 */
export function findProjectFiles(dir: string, diagnostics: Diagnostics): FoundFile[] {
  const roots = [...new Set(places.map(({ root }) => root.split('/')[0] ?? root))];
  const files = roots.flatMap((root) => walk(dir, root, diagnostics));
  const found: FoundFile[] = [];
  for (const file of files.sort()) {
    const place = places.find(({ root, ending }) => file.startsWith(`${root}/`) && ending.test(file));
    if (place) found.push({ file, role: place.role });
  }
  const top = readFolder(dir, '.', diagnostics).map(({ name }) => name);
  const ofDbt = top.filter((name) => name === 'seeds' || name === 'snapshots').flatMap((root) => walk(dir, root, diagnostics));
  reportMisplaced([...files, ...ofDbt, ...top.filter((name) => name === 'selectors.yml')], diagnostics);
  return found;
}

/** Where dbt has files that gccflow looks for elsewhere. */
const elsewhere: readonly { readonly pattern: RegExp; readonly what: string; readonly hint: string }[] = [
  { pattern: /^(seeds|models|sources(?!\/seeds\/))\/.*\.csv(\.gz)?$/, what: 'A seed', hint: 'Seeds stand in sources/seeds/.' },
  {
    pattern: /^tests\/[^/]+\.sql$/,
    what: 'A test',
    hint: 'Tests stand in tests/data/, generic ones in tests/generic/.',
  },
  {
    pattern: /^snapshots\/.*\.(sql|ya?ml)$/,
    what: 'A snapshot',
    hint: 'A snapshot is a model, models/NAME.sql, with materialized="snapshot" and without the block around it.',
  },
  { pattern: /^models\/.*\.py$/, what: 'A model in Python', hint: 'Models are SELECTs, models/NAME.sql; other code is a step of a flow.' },
  {
    pattern: /^(tests\/(data|generic)|macros)\/.*\.ya?ml$/,
    what: 'What describes a test or macro',
    hint: 'The config of a test stands in its SQL; what a macro takes, in a comment of its file.',
  },
  { pattern: /^selectors\.yml$/, what: 'A list of selectors', hint: 'Name it selectors.yaml.' },
  { pattern: /^macros\/.*\.sql$/, what: 'A macro', hint: 'A macro is a partial, macros/NAME.hbs, or a function of macros/*.ts.' },
];

/** Reports files that would otherwise be passed over without a word. */
function reportMisplaced(files: readonly string[], diagnostics: Diagnostics): void {
  for (const file of files) {
    const place = elsewhere.find(({ pattern }) => pattern.test(file));
    if (!place) continue;
    const message = `${place.what} is not looked for here.`;
    diagnostics.report(new GccflowError('FILE_MISPLACED', message, { at: startOf(file), hint: place.hint }));
  }
}

function walk(dir: string, folder: string, diagnostics: Diagnostics): string[] {
  return readFolder(dir, folder, diagnostics).flatMap((entry) => {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
    const file = `${folder}/${entry.name}`;
    const isFolder = entry.isSymbolicLink() ? leadsToFolder(dir, file, diagnostics) : entry.isDirectory();
    return isFolder ? walk(dir, file, diagnostics) : [file];
  });
}

function readFolder(dir: string, folder: string, diagnostics: Diagnostics): readonly Dirent[] {
  try {
    return readdirSync(join(dir, folder), { withFileTypes: true });
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isAbsent) diagnostics.report(fileUnreadable(folder, error));
    return [];
  }
}

/** Whether a link leads to a folder that is to be walked. One that leads nowhere counts as a file, and is reported when it is read. */
function leadsToFolder(dir: string, link: string, diagnostics: Diagnostics): boolean {
  const path = join(dir, link);
  try {
    if (!statSync(path).isDirectory()) return false;
    if (!`${realpathSync(join(path, '..'))}/`.startsWith(`${realpathSync(path)}/`)) return true;
    diagnostics.report(fileUnreadable(link, 'the link leads back to a folder above it'));
  } catch {
    return false;
  }
  return false;
}
