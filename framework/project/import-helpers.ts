import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { digestOf } from '../foundation/digest.ts';
import { GccflowError } from '../foundation/error.ts';
import { startOf } from '../foundation/location.ts';
import { importFault } from './import-fault.ts';
import type { Project } from './project.ts';
import type { FoundFile } from './project-files.ts';
import { templateHelpers } from './template-calls.ts';

type Helpers = Pick<Project, 'helpers' | 'helperHashes'>;

/** Every exported function of `macros/*.ts`, by its name. A name that is taken is reported. */
export async function importHelpers(files: readonly FoundFile[], dir: string, diagnostics: Diagnostics): Promise<Helpers> {
  const helpers = new Map<string, (...args: never[]) => unknown>();
  const helperHashes = new Map<string, string>();
  const definedIn = new Map(templateHelpers.map((name) => [name, 'gccflow itself']));
  for (const { file } of files.filter(({ role }) => role === 'helper')) {
    const { exported, contentHash } = await importFile(dir, file, diagnostics);
    for (const [name, value] of Object.entries(exported)) {
      if (typeof value !== 'function') continue;
      const other = definedIn.get(name);
      if (other !== undefined) diagnostics.report(helperTaken(name, file, other));
      helpers.set(name, value as (...args: never[]) => unknown);
      helperHashes.set(name, contentHash);
      definedIn.set(name, file);
    }
  }
  return { helpers, helperHashes };
}

interface ImportedFile {
  readonly exported: Readonly<Record<string, unknown>>;
  readonly contentHash: string;
}

async function importFile(dir: string, file: string, diagnostics: Diagnostics): Promise<ImportedFile> {
  try {
    const exported: ImportedFile['exported'] = await import(pathToFileURL(join(dir, file)).href);
    return { exported, contentHash: digestOf('sha256', readFileSync(join(dir, file))) };
  } catch (error) {
    const { reason, at } = importFault(error, dir);
    const message = `The helpers cannot be loaded: ${reason}.`;
    diagnostics.report(new GccflowError('FILE_UNREADABLE', message, { at: at ?? startOf(file), cause: error }));
    return { exported: {}, contentHash: '' };
  }
}

function helperTaken(name: string, file: string, other: string): GccflowError {
  const message = `The helper '${name}' is also defined by ${other}.`;
  return new GccflowError('NAME_DUPLICATE', message, { at: startOf(file), hint: 'Export it under another name.' });
}
