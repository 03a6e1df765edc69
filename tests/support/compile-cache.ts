import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** NODE_COMPILE_CACHE of processes that are started to be killed: with modules that were compiled before they start in a third of the time. */
export const compileCache = process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'node-compile-cache');
