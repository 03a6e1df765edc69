import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError, messageOf } from '../foundation/error.ts';
import { startOf } from '../foundation/location.ts';
import type { Project } from './project.ts';
import type { FoundFile } from './project-files.ts';
import { templateHelpers } from './template-calls.ts';

/** Every exported function of `macros/*.ts`, by its name. A name that is taken is reported. */
export async function importHelpers(files: readonly FoundFile[], dir: string, diagnostics: Diagnostics): Promise<Project['helpers']> {
  const helpers = new Map<string, (...args: never[]) => unknown>();
  const definedIn = new Map(templateHelpers.map((name) => [name, 'gccflow itself']));
  for (const { file } of files.filter(({ role }) => role === 'helper')) {
    for (const [name, value] of Object.entries(await importFile(dir, file, diagnostics))) {
      if (typeof value !== 'function') continue;
      const other = definedIn.get(name);
      if (other !== undefined) diagnostics.report(helperTaken(name, file, other));
      helpers.set(name, value as (...args: never[]) => unknown);
      definedIn.set(name, file);
    }
  }
  return helpers;
}

async function importFile(dir: string, file: string, diagnostics: Diagnostics): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(join(dir, file)).href);
  } catch (error) {
    const message = `The helpers cannot be loaded: ${messageOf(error)}`;
    diagnostics.report(new GccflowError('FILE_UNREADABLE', message, { at: startOf(file), cause: error }));
    return {};
  }
}

function helperTaken(name: string, file: string, other: string): GccflowError {
  const message = `The helper '${name}' is also defined by ${other}.`;
  return new GccflowError('NAME_DUPLICATE', message, { at: startOf(file), hint: 'Export it under another name.' });
}
