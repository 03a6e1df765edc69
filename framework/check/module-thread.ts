/** A thread that loads modules of a project one after another, and says of each what it holds or why it does not load. */
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { importFault } from '../project/import-fault.ts';
import type { LoadedModule, ModulesToLoad } from './check-modules.ts';

const { dir, paths } = workerData as ModulesToLoad;

for (const path of paths) parentPort?.postMessage(await load(path));

async function load(path: string): Promise<LoadedModule> {
  try {
    const loaded: { readonly default?: unknown } = await import(pathToFileURL(path).href);
    return { kind: typeof loaded.default === 'function' ? 'function' : 'no-function' };
  } catch (error) {
    return { kind: 'fault', ...importFault(error, dir) };
  }
}
