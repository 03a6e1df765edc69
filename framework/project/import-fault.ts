import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';

/** Why a module does not load. */
export interface ImportFault {
  /** Without a full stop. */
  readonly reason: string;
  /** Where in the project's own code; null where that is not known. */
  readonly at: Location | null;
  /** Whether it is the code itself, and not what it does while it loads, which may differ from one machine to the next. */
  readonly isCode: boolean;
}

/** What an error of `import()` says, as far as it is about a file below `dir`. */
export function importFault(error: unknown, dir: string): ImportFault {
  const { code } = error as { readonly code?: unknown };
  const isOfLoader = typeof code === 'string' && /^ERR_(?:MODULE|UNKNOWN_FILE|UNSUPPORTED|PACKAGE|INVALID_MODULE|IMPORT)_/.test(code);
  const isCode = isOfLoader || error instanceof SyntaxError || error instanceof ReferenceError;
  const missing = /^(Cannot find (?:module|package) )'(.+?)' imported from (.+)$/.exec(messageOf(error));
  const [, says = '', what = '', importer = ''] = missing ?? [];
  if (code !== 'ERR_MODULE_NOT_FOUND' || !missing) return { reason: messageOf(error), at: placeOfStack(error, dir), isCode };
  const at = placeOfImport(what, importer, dir);
  return { reason: `${says}'${isInside(what, dir) ? relative(dir, what) : what}'`, at, isCode };
}

/** The place that the head of a stack shows for mistakes in the syntax and in imports, or that its first line tells. */
function placeOfStack(error: unknown, dir: string): Location | null {
  const lines = ((error instanceof Error && error.stack) || '').split('\n');
  const head = /^(.+):(\d+)$/.exec(lines[0] ?? '');
  if (head) {
    const carets = lines.slice(1, 6).find((line) => /^\s*\^+\s*$/.test(line));
    return placeIn(head[1] ?? '', Number(head[2]), (carets?.indexOf('^') ?? 0) + 1, dir);
  }
  const first = lines.map((line) => /^\s+at (?:.*\()?(file:.+?):(\d+):(\d+)\)?$/.exec(line)).find((found) => found !== null);
  return first ? placeIn(first[1] ?? '', Number(first[2]), Number(first[3]), dir) : null;
}

/** Where a file imports what is not there. */
function placeOfImport(missing: string, importer: string, dir: string): Location | null {
  if (!isInside(importer, dir)) return null;
  const lines = readFileSync(importer, 'utf8').split('\n');
  for (const [index, line] of lines.entries())
    for (const { 1: specifier = '', index: column } of line.matchAll(/['"]([^'"]+)['"]/g)) {
      const isMeant = specifier.startsWith('.')
        ? resolve(dirname(importer), specifier) === missing
        : `${specifier}/`.startsWith(`${missing}/`);
      if (isMeant) return placeIn(importer, index + 1, column + 1, dir);
    }
  return placeIn(importer, 1, 1, dir);
}

function placeIn(file: string, line: number, column: number, dir: string): Location | null {
  const path = file.startsWith('file:') ? fileURLToPath(file) : file;
  return isInside(path, dir) ? { file: relative(dir, path), line, column } : null;
}

function isInside(path: string, dir: string): boolean {
  const way = relative(dir, path);
  return way !== '' && !way.startsWith('..') && !way.includes('node_modules') && resolve(dir, way) === path;
}
