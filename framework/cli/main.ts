#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

enableCompileCache(); // before the first import, so that a start compiles nothing
const { runCli } = await import('./run-cli.ts');

const { stdout, stderr } = process;
stdout.on('error', endQuietly); // `gccflow ls | head` closes the pipe
const end = await runCli({ argv: process.argv.slice(2), cwd: process.cwd(), env: process.env, stdout, stderr });
await Promise.all([stdout, stderr].map((stream) => new Promise((flushed) => stream.write('', flushed))));
if (end.signal === null) process.exit(end.exitCode);
process.kill(process.pid, end.signal); // nothing listens any more, so that the exit status tells of the signal

function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
}
