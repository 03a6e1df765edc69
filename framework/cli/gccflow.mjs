#!/usr/bin/env node
// Where users start. JavaScript, because the file that turns the compile cache on is itself not cached: were it TypeScript, every start
// would load the compiler to strip its types (25 ms). Everything else comes from the cache.
import * as module from 'node:module';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(`gccflow needs Node 24.12 or later, and this is ${process.versions.node}. In a clone, npm scripts bring their own: npm start.\n`);
  process.exit(1);
}

// Every running statement of the embedded ClickHouse holds a thread of this pool, which files need too; it is made at its first use.
// With the default of 4, a read of a file beside 8 statements of 3 s waited 5.9 s; with 32 it takes 1 ms.
process.env.UV_THREADPOOL_SIZE ??= '32';
const { directory } = module.enableCompileCache();
// Threads and child processes learn of the cache by this only. A parsing thread starts in 90 ms with it, in 330 ms and with 30 MB more without.
if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;
await import('./main.ts');
