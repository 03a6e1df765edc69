#!/usr/bin/env node
// Where users start. JavaScript, because the file that turns the compile cache on is itself not cached: were it TypeScript, every start
// would load the compiler to strip its types (25 ms). Everything else comes from the cache.
import { enableCompileCache } from 'node:module';

// Every running statement of the embedded ClickHouse holds a thread of this pool, which files need too; it is made at its first use.
// With the default of 4, a read of a file beside 8 statements of 3 s waited 5.9 s; with 32 it takes 1 ms.
process.env.UV_THREADPOOL_SIZE ??= '32';
enableCompileCache();
await import('./main.ts');
