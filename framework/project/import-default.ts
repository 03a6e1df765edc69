import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { GccflowError, messageOf } from '../foundation/error.ts';

/** What default exports look like, for who forgot theirs. */
export const moduleExamples = {
  transform: 'export default (body, delivery) => ({ … });',
  parser: 'export default (body, { params }) => [{ … }];',
  step: 'export default async (records, { db, emit }) => { … };',
} as const;
/** What a file calls a module of the project. */
export type ModuleKind = keyof typeof moduleExamples;

/** The default export of a module of the project. Throws FILE_UNREADABLE where there is none that loads and exports a function. */
export async function importDefault(what: ModuleKind, path: string): Promise<(...args: never[]) => unknown> {
  const loaded = await importFile(what, path);
  if (typeof loaded.default === 'function') return loaded.default as (...args: never[]) => unknown;
  throw new GccflowError('FILE_UNREADABLE', `The ${what} '${path}' has no function as its default export.`, {
    hint: `Write: ${moduleExamples[what]}`,
  });
}

async function importFile(what: ModuleKind, path: string): Promise<{ readonly default?: unknown }> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    if (!existsSync(path)) {
      const hint = 'Its path is relative to the file that names it.';
      throw new GccflowError('FILE_UNREADABLE', `The ${what} '${path}' does not exist.`, { hint, cause: error });
    }
    const reason = `${messageOf(error)}${lineOf(error, path)}`;
    throw new GccflowError('FILE_UNREADABLE', `The ${what} '${path}' cannot be loaded: ${reason}.`, { cause: error });
  }
}

/** The line of a mistake in the syntax, which only the head of its stack tells. */
function lineOf(error: unknown, path: string): string {
  const [head = ''] = error instanceof SyntaxError ? (error.stack ?? '').split('\n') : [];
  const line = /:(\d+)$/.exec(head)?.[1];
  return line !== undefined && head.includes(path) ? ` (line ${line})` : '';
}
