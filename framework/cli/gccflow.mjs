#!/usr/bin/env node
// Where users start. JavaScript, because the file that turns the compile cache on is itself not cached: were it TypeScript, every start
// would load the compiler to strip its types (25 ms). Everything else comes from the cache.
import { enableCompileCache } from 'node:module';

enableCompileCache();
await import('./main.ts');
