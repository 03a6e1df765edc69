import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder of reference data kept beside the repository: `../shared/data`, or `$GCCFLOW_DATA`. */
const folder = process.env.GCCFLOW_DATA ?? resolve(import.meta.dirname, '../../../shared/data');

/** The path of a file of the reference data, or why a test that reads it cannot run. */
export function sharedData(name: string): { readonly path: string; readonly skip: string | false } {
  const path = join(folder, name);
  return { path, skip: existsSync(path) ? false : `reference data '${name}' is not in ${folder}; set GCCFLOW_DATA` };
}
