// Where child processes of `gccflow worker` start. JavaScript for the reason that gccflow.mjs is; it loads no command line.
import { enableCompileCache } from 'node:module';

enableCompileCache();
await import('./worker-child.ts');
